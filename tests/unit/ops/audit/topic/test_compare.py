"""The chain of the topic beside that of a graph: equal, and each way in which they part."""

from typing import Any

import pytest

from workers.ops.audit.finding import Kind
from workers.ops.audit.graph.events import Placed
from workers.ops.audit.topic.compare import Comparison
from workers.ops.audit.topic.recompute import Computed
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint

TYPE = "content.read"
TOPIC = [Computed(at, f"id-{at}", TYPE, f"hash-{at}", 100 + at) for at in range(1, 21)]
GRAPH = [Placed(each.sequence, each.audit_id, TYPE, each.hash) for each in TOPIC]


class Places:
    """Stands for the graph; ``asked`` counts the rows that were read."""

    def __init__(self, placed: list[Placed]) -> None:
        self._placed = placed
        self.asked = 0

    async def between(self, first: int, last: int) -> list[Placed]:
        found = [each for each in self._placed if first <= each.sequence <= last]
        self.asked += len(found)
        return found

    async def hashes(self, first: int, last: int) -> list[str]:
        found = sorted(each for each in self._placed if first <= each.sequence <= last)
        whole = [each.sequence for each in found] == list(range(first, last + 1))
        return [each.hash for each in found] if whole else []

    async def with_hash(self, value: str) -> list[Placed]:
        return [each for each in self._placed if each.hash == value]

    async def last(self) -> int:
        return max((each.sequence for each in self._placed), default=0)


async def compared(placed: list[Placed], *checkpoints: Checkpoint) -> tuple[Comparison, Places]:
    places: Any = Places(placed)
    comparison = Comparison(places, checkpoints)
    for begin in (0, 10):
        if comparison.finding is None:
            await comparison.add(TOPIC[begin : begin + 10])
    await comparison.end(len(TOPIC))
    return comparison, places


def checkpoint(sequence: int, hash_: str) -> Checkpoint:
    return Checkpoint("audit-events", 0, "1", 1, sequence, hash_, "", [], "2026-11-30T00:00:00.000Z")


def moved(*where: tuple[int, int]) -> list[Placed]:
    """Return the graph with records at other places."""
    places = dict(where)
    return [each._replace(sequence=places.get(each.sequence, each.sequence)) for each in GRAPH]


async def test_equal_chains_have_no_finding_and_are_compared_by_their_hashes_alone() -> None:
    comparison, places = await compared(GRAPH, checkpoint(4, "hash-4"), checkpoint(20, "hash-20"))
    assert (comparison.finding, places.asked) == (None, 0)
    assert [each.sequence for each in comparison.agreed] == [4, 20]


@pytest.mark.parametrize(
    ("placed", "kind", "sequence", "named"),
    [
        ([each for each in GRAPH if each.sequence != 4], Kind.REMOVED, 4, "id-4"),
        ([each._replace(hash="other") if each.sequence >= 13 else each for each in GRAPH], Kind.CHANGED, 13, "id-13"),
        ([each for each in GRAPH if each.sequence not in {10, 11}], Kind.REMOVED, 10, "id-10"),
        (GRAPH[:15], Kind.TAIL_CUT, 16, "id-16"),
        ([], Kind.TAIL_CUT, 1, "id-1"),
        (moved((12, 20), (20, 12)), Kind.REORDERED, 12, "id-12"),
        ([*GRAPH, Placed(21, "new", TYPE, "new")], Kind.INSERTED, 21, "new"),
        ([*GRAPH[:7], Placed(7, "new", TYPE, "new"), *GRAPH[7:]], Kind.INSERTED, 7, "new"),
        ([*GRAPH[:7], *GRAPH[6:]], Kind.INSERTED, 7, "id-7"),
        (
            [
                *GRAPH[:4],
                Placed(5, "new", TYPE, "new"),
                *(each._replace(sequence=each.sequence + 1) for each in GRAPH[4:]),
            ],
            Kind.INSERTED,
            5,
            "new",
        ),
    ],
    ids=[
        "removed in the middle",
        "changed",
        "removed",
        "tail cut",
        "all removed",
        "swapped",
        "inserted at the end",
        "inserted beside a record",
        "doubled",
        "inserted",
    ],
)
async def test_the_first_difference_is_named(placed: list[Placed], kind: Kind, sequence: int, named: str) -> None:
    finding = (await compared(placed))[0].finding
    assert finding is not None
    assert (finding.kind, finding.sequence, finding.audit_id) == (kind, sequence, named)


async def test_a_topic_that_is_not_that_of_the_checkpoint_is_found() -> None:
    comparison, _ = await compared(GRAPH, checkpoint(4, "hash-4"), checkpoint(9, "other"))
    assert comparison.finding is not None
    assert (comparison.finding.kind, comparison.finding.sequence) == (Kind.CHANGED, 9)
    assert "records of 5 to 9 in the topic" in comparison.finding.message
