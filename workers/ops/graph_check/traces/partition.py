"""The traces of one partition."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rbloom import Bloom

from workers.core.record import Record
from workers.engine.reference_data import refresh
from workers.ops.graph_check.compare import Difference, Judged
from workers.ops.graph_check.log import Decoding
from workers.ops.graph_check.partition import PartitionCheck, Place
from workers.ops.graph_check.traces.by_itself import Book
from workers.ops.graph_check.traces.expected import expected_of
from workers.ops.graph_check.traces.folded import FoldedTrace, Name, fold_into
from workers.ops.graph_check.traces.found import found_of
from workers.ops.graph_check.traces.judge import judge
from workers.ops.graph_check.traces.moving import without_moves
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.trace import Trace


class Telemetry(NamedTuple):
    """The worker's own code, with the registry as the graph has it.

    ``known``  a filter of the chosen trace_ids that the topic has
    """

    decoding: Decoding[Event, Trace]
    book: Book
    known: Bloom


class TracesOfPartition(PartitionCheck[Name, FoldedTrace]):
    """Folds traces, and compares all that telemetry writes about them."""

    def __init__(self, place: Place, telemetry: Telemetry) -> None:
        super().__init__(place)
        self._by = telemetry

    def take(self, into: dict[Name, FoldedTrace], events: Sequence[tuple[Record, Event]]) -> set[Name]:
        """Fold events, and return which traces got any."""
        return fold_into(into, self._by.decoding.state, events)

    async def before_comparing(self, folded: Mapping[Name, FoldedTrace]) -> None:
        """Note which traces the topic has, and take over what the registry has changed, as telemetry does."""
        self._by.known.update(trace_id for trace_id, _ in folded)
        if (reference := self._by.decoding.spec.reference) is not None:
            await refresh(reference, lambda query: self.at.graph.rows(query.cypher, **query.parameters))

    async def judged(self, folded: Sequence[FoldedTrace]) -> list[Judged]:
        """Compare with the graph as it is now."""
        since = self.at.log.kept_since if self.at.mark.low else None
        expected = [expected_of(each, self._by.decoding.spec.plan) for each in folded]
        found = await found_of(self.at.graph, expected)
        return [judge(*each, since, self._by.book) for each in zip(folded, expected, found, strict=True)]

    async def certain(self, judged: Judged) -> list[Difference]:
        """Return the differences without calls that are still to be moved to another Model."""
        return await without_moves(self.at.graph, self._by.book, judged, self.at.compared)
