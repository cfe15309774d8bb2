"""A difference is reported once no record explains it that the worker has written meanwhile: lag is none."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from workers.ops.graph_check.compare import Judged, differences
from workers.ops.graph_check.content import Expected, Found
from workers.ops.graph_check.partition import LOOKS, PartitionCheck, Place
from workers.ops.graph_check.report import Report
from workers.ops.graph_check.sample import Slice
from workers.ops.graph_check.watermarks import Log, Mark, PartitionMark

LABEL = "Note"
Logged = tuple[int, str]
"""An offset and a key: the node of a key has the number of its records."""


class Folded:
    """The records of one key."""

    def __init__(self, key: str) -> None:
        self.key = key.encode()
        self.count = 0


class World:
    """A topic, and a worker that writes ``step`` more records whenever somebody asks the graph for nodes."""

    def __init__(self, *keys: str, watermark: int, step: int = 0) -> None:
        self.log = list(enumerate(keys))
        self.watermark = watermark
        self.step = step
        self.edit: Callable[[Found], object] = lambda _: None

    async def rows(self, _cypher: str, **_parameters: object) -> list[dict[str, Any]]:
        return [{"partition": 0, "offset": self.watermark, "topic_id": "id"}]

    async def events(self, begin: int, end: int, wanted: Callable[[bytes], bool], _: object) -> AsyncIterator[Any]:
        yield [each for each in self.log[begin:end] if wanted(each[1].encode())]

    def nodes(self, key: str) -> Found:
        self.watermark = min(self.watermark + self.step, len(self.log) - 1)
        found = Found()
        if count := sum(each == key for offset, each in self.log if offset <= self.watermark):
            found.nodes[LABEL, key] = {"count": count}
        self.edit(found)
        return found


class Notes(PartitionCheck[str, Folded]):
    """Compares the number of records of each key."""

    def __init__(self, world: World) -> None:
        mark = PartitionMark("notes", "t", 0, Mark(world.watermark, "id"), Log("id", 0, len(world.log)))
        self.world, report = world, Report(10)
        super().__init__(Place(world, mark, world, report, report.traces, lambda _: None))  # type: ignore[arg-type]  # fakes

    def take(self, into: dict[str, Folded], events: Sequence[Any]) -> set[str]:
        for _, key in events:
            into.setdefault(key, Folded(key)).count += 1
        return {key for _, key in events}

    async def judged(self, folded: Sequence[Folded]) -> list[Judged]:
        every = []
        for each in folded:
            expected = Expected({LABEL: frozenset({"count"})})
            expected.node((LABEL, each.key.decode()), {"count": each.count})
            found = self.world.nodes(each.key.decode())
            every.append(Judged(expected, found, list(differences(expected, found)), is_older=False))
        return every


async def checked(world: World) -> Report:
    notes = Notes(world)
    await notes.check(Slice(0.0, 1.0, 0))
    return notes.at.report


async def test_a_graph_with_all_up_to_its_watermark_is_equal_whatever_comes_later() -> None:
    report = await checked(World("a", "b", "a", "a", watermark=1))
    assert (report.findings, report.traces.compared) == ([], 2)


@pytest.mark.parametrize("step", [1, 2])
async def test_what_the_worker_writes_meanwhile_is_no_difference(step: int) -> None:
    report = await checked(World("a", "b", "a", "b", "a", watermark=1, step=step))
    assert (report.findings, report.traces.compared, report.traces.changing) == ([], 2, 0)


async def test_a_difference_that_no_later_record_explains_is_reported_with_its_partition() -> None:
    world = World("a", "b", "a", "b", watermark=1, step=1)
    world.edit = lambda found: found.nodes.pop((LABEL, "a"), None)
    report = await checked(world)
    ((kind, subject, *_, place),) = report.findings
    assert (kind, subject, place.topic, place.partition) == ("missing node", "Note a", "t", 0)
    assert report.traces.compared == 2


async def test_what_changes_at_each_look_is_counted_and_not_judged() -> None:
    report = await checked(World(*["a"] * 3 * LOOKS, watermark=0, step=1))
    assert (report.findings, report.traces.compared, report.traces.changing) == ([], 0, 1)
