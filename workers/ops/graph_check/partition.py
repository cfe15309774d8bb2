"""Compare one partition with the graph, slice by slice, and confirm each difference: lag is none."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from workers.adapters.graph.connection import GraphConnection
from workers.core.record import Record
from workers.ops.graph_check.compare import Difference, Judged
from workers.ops.graph_check.log import PartitionLog, Wanted
from workers.ops.graph_check.report import Compared, Report
from workers.ops.graph_check.sample import Slice
from workers.ops.graph_check.watermarks import PartitionMark, offset_now

PAGE = 200
LOOKS = 5
"""At a part that differs, while the worker goes on writing it."""
ItemT = TypeVar("ItemT")
NameT = TypeVar("NameT")


class Keyed(Protocol):
    """What the records of one key make; ``key`` is that of its records."""

    @property
    def key(self) -> bytes: ...


FoldedT = TypeVar("FoldedT", bound=Keyed)


class Place(NamedTuple):
    """A partition, and where what is found in it goes."""

    graph: GraphConnection
    mark: PartitionMark
    log: PartitionLog[Any, Any]
    report: Report
    compared: Compared
    progress: Callable[[int], None]


class PartitionCheck(ABC, Generic[NameT, FoldedT]):
    """One partition up to the graph's watermark: later records are lag."""

    def __init__(self, place: Place) -> None:
        self.at = place

    @abstractmethod
    def take(self, into: dict[NameT, FoldedT], events: Sequence[tuple[Record, Any]]) -> set[NameT]:
        """Fold events, and return what got any."""

    @abstractmethod
    async def judged(self, folded: Sequence[FoldedT]) -> list[Judged]:
        """Compare with the graph as it is now."""

    async def before_comparing(self, _folded: Mapping[NameT, FoldedT]) -> None:
        """Learn what the comparison needs; called before each."""

    async def certain(self, judged: Judged) -> list[Difference]:
        """Return the differences that are none of a job that is still under way."""
        return judged.differences

    async def check(self, chosen: Slice) -> None:
        """Compare what a slice has. Raises ``Unreachable``."""
        folded: dict[NameT, FoldedT] = {}
        await self._fold(self.at.mark.low, self.at.mark.next, chosen.has, folded)
        await self.before_comparing(folded)
        differing: dict[NameT, FoldedT] = {}
        for page in paged(folded.items()):
            for (name, each), judged in zip(page, await self.judged([each for _, each in page]), strict=True):
                if judged.differences:
                    differing[name] = each
                else:
                    self.at.compared.add(judged)
        await self._confirm(differing)

    async def _fold(self, begin: int, end: int, wanted: Wanted, into: dict[NameT, FoldedT]) -> set[NameT]:
        touched: set[NameT] = set()
        async for events in self.at.log.events(begin, end, wanted, self.at.progress):
            touched |= self.take(into, events)
        return touched

    async def _confirm(self, differing: dict[NameT, FoldedT]) -> None:
        """Report what still differs, and what no record between the two watermarks has changed meanwhile."""
        begin = self.at.mark.next
        for _ in range(LOOKS):
            if not differing:
                return
            await self.before_comparing(differing)
            judged = await self._judged_by_name(differing)
            end = await offset_now(self.at.graph, self.at.mark) + 1  # after the graph was read
            keys = {each.key for each in differing.values()}
            touched = await self._fold(begin, end, keys.__contains__, dict(differing))
            begin = max(begin, end)
            for name, each in judged.items():
                if name not in touched:
                    await self._report(each)
            differing = {name: each for name, each in differing.items() if name in touched}
        self.at.compared.changing += len(differing)

    async def _judged_by_name(self, folded: Mapping[NameT, FoldedT]) -> dict[NameT, Judged]:
        found: dict[NameT, Judged] = {}
        for page in paged(folded.items()):
            judged = await self.judged([each for _, each in page])
            found.update((name, each) for (name, _), each in zip(page, judged, strict=True))
        return found

    async def _report(self, judged: Judged) -> None:
        self.at.compared.add(judged)
        topic, partition = self.at.mark.topic, self.at.mark.partition
        self.at.report.add(each.finding(judged.expected, topic, partition) for each in await self.certain(judged))


def paged(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    """Yield the items in lists of a page."""
    left = iter(items)
    while page := list(islice(left, PAGE)):
        yield page
