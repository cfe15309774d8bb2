"""The models and schemas of one partition."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from workers.core.record import Record
from workers.ops.graph_check.compare import Difference, Judged, differences
from workers.ops.graph_check.content import Expected, Found
from workers.ops.graph_check.finding import Kind
from workers.ops.graph_check.log import Decoding
from workers.ops.graph_check.partition import PartitionCheck, Place
from workers.ops.graph_check.registry.expected import expected_of
from workers.ops.graph_check.registry.folded import FoldedSubject, fold_into
from workers.ops.graph_check.registry.found import found_of, state_node
from workers.pipelines.registry.events import Event
from workers.pipelines.registry.fold.state import RegistryState


class SubjectsOfPartition(PartitionCheck[str, FoldedSubject]):
    """Folds models and schemas, and compares all that the registry worker writes about them."""

    def __init__(self, place: Place, decoding: Decoding[Event, RegistryState]) -> None:
        super().__init__(place)
        self._decoding = decoding

    def take(self, into: dict[str, FoldedSubject], events: Sequence[tuple[Record, Event]]) -> set[str]:
        """Fold changes, and return which models and schemas got any."""
        return fold_into(into, self._decoding.state, events)

    async def judged(self, folded: Sequence[FoldedSubject]) -> list[Judged]:
        """Compare with the graph as it is now."""
        expected = [expected_of(each, self._decoding.spec.plan) for each in folded]
        found = await found_of(self.at.graph, folded, expected)
        whole, now = not self.at.mark.low, round(time.time() * 1000)
        return [
            judge(subject, each, here, whole=whole, now_ms=now)
            for subject, each, here in zip(folded, expected, found, strict=True)
        ]


def judge(folded: FoldedSubject, expected: Expected, found: Found, *, whole: bool, now_ms: int) -> Judged:
    """Compare one model or schema.

    ``whole``: nothing was ever removed from the topic. Otherwise one whose state is not that of its changes is older.
    """
    stored = found.folded.get(state_node(folded))
    same = _loaded(stored) == _loaded(folded.state.dump())
    if not same and not whole:
        return Judged(expected, found, [], is_older=True)
    every = [] if _may_be_purged(expected, found, now_ms) else list(differences(expected, found))
    if not same:
        size = f"another state: {len(stored):,} bytes" if isinstance(stored, bytes) else None
        every.append(Difference(Kind.PROPERTY, state_node(folded), "state", "that of its changes", size))
    return Judged(expected, found, every, is_older=False)


def _loaded(state: object) -> Any:
    """Return a stored state; the order in which its parts came is no difference."""
    try:
        return orjson.loads(state) if isinstance(state, bytes) else None
    except ValueError:
        return None


def _may_be_purged(expected: Expected, found: Found, now_ms: int) -> bool:
    """Tell whether a deleted model is gone, or a stub again: a job removes it once its grace has passed."""
    for node, properties in expected.nodes.items():
        if node[0] == "Model" and (due := properties.get("purge_after")) is not None and due <= now_ms:
            return _is_stub(found.nodes.get(node))
    return False


def _is_stub(properties: Mapping[str, Any] | None) -> bool:
    return properties is None or bool(properties.get("stub"))
