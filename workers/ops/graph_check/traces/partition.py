"""Compare the traces of one partition, slice by slice, and confirm each difference: lag is none."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from rbloom import Bloom

from workers.adapters.graph.connection import GraphConnection
from workers.engine.reference_data import refresh
from workers.ops.graph_check.finding import Finding
from workers.ops.graph_check.log import Decoding, PartitionLog, Wanted
from workers.ops.graph_check.report import Report
from workers.ops.graph_check.traces.by_itself import Book
from workers.ops.graph_check.traces.compare import Difference
from workers.ops.graph_check.traces.expected import expected_of
from workers.ops.graph_check.traces.folded import FoldedTrace, Name, fold_into
from workers.ops.graph_check.traces.found import found_of
from workers.ops.graph_check.traces.judge import Judged, judge
from workers.ops.graph_check.traces.moving import without_moves
from workers.ops.graph_check.traces.sample import Slice
from workers.ops.graph_check.watermarks import PartitionMark, offset_now
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.trace import Trace

PAGE_TRACES = 200
LOOKS = 5
"""At a trace that differs, while the worker goes on writing it."""
ItemT = TypeVar("ItemT")


class Checking(NamedTuple):
    """What every partition is checked with.

    ``known``  a filter of the chosen trace_ids that the topic has
    """

    graph: GraphConnection
    decoding: Decoding[Event, Trace]
    book: Book
    report: Report
    known: Bloom
    progress: Callable[[int], None]

    async def refresh(self) -> None:
        """Take over what the registry has changed: telemetry does so each second."""
        if (reference := self.decoding.spec.reference) is not None:
            await refresh(reference, lambda query: self.graph.rows(query.cypher, **query.parameters))


class PartitionCheck:
    """One partition up to the graph's watermark: later records are lag."""

    def __init__(self, checking: Checking, mark: PartitionMark, log: PartitionLog[Event, Trace]) -> None:
        self._with = checking
        self._mark = mark
        self._log = log

    async def check(self, chosen: Slice) -> None:
        """Compare the traces of a slice. Raises ``Unreachable``."""
        folded: dict[Name, FoldedTrace] = {}
        await self._fold(self._mark.low, self._mark.next, chosen.has, folded)
        self._with.known.update(trace_id for trace_id, _ in folded)
        await self._with.refresh()
        differing: dict[Name, FoldedTrace] = {}
        for page in paged(folded.items()):
            for (name, trace), judged in zip(page, await self._judged([each for _, each in page]), strict=True):
                if judged.differences:
                    differing[name] = trace
                else:
                    self._count(judged)
        await self._confirm(differing)

    async def _fold(self, begin: int, end: int, wanted: Wanted, into: dict[Name, FoldedTrace]) -> set[Name]:
        """Fold records, and return which traces got any."""
        touched: set[Name] = set()
        async for events in self._log.events(begin, end, wanted, self._with.progress):
            touched |= fold_into(into, self._with.decoding.state, events)
        return touched

    async def _judged(self, traces: Sequence[FoldedTrace]) -> list[Judged]:
        plan, since = self._with.decoding.spec.plan, self._log.kept_since if self._mark.low else None
        expected = [expected_of(each, plan) for each in traces]
        found = await found_of(self._with.graph, expected)
        return [
            judge(each, here, trace.trace.seen, since, self._with.book)
            for each, here, trace in zip(expected, found, traces, strict=True)
        ]

    async def _confirm(self, differing: dict[Name, FoldedTrace]) -> None:
        """Report the traces that still differ, and that no record between the two watermarks has changed meanwhile."""
        begin = self._mark.next
        for _ in range(LOOKS):
            if not differing:
                return
            await self._with.refresh()
            judged = {name: each async for name, each in self._judged_by_name(differing)}
            end = await offset_now(self._with.graph, self._mark) + 1  # after the graph was read
            keys = {trace.key for trace in differing.values()}
            touched = await self._fold(begin, end, keys.__contains__, dict(differing))
            begin = max(begin, end)
            await self._report([each for name, each in judged.items() if name not in touched])
            differing = {name: trace for name, trace in differing.items() if name in touched}
        self._with.report.traces.changing += len(differing)

    async def _judged_by_name(self, traces: dict[Name, FoldedTrace]) -> AsyncIterator[tuple[Name, Judged]]:
        for page in paged(traces.items()):
            for (name, _), judged in zip(page, await self._judged([each for _, each in page]), strict=True):
                yield name, judged

    async def _report(self, judged: Iterable[Judged]) -> None:
        for each in judged:
            self._count(each)
            certain = await without_moves(self._with.graph, self._with.book, each, self._with.report)
            self._with.report.add(self._findings(each, certain))

    def _findings(self, judged: Judged, certain: Iterable[Difference]) -> Iterator[Finding]:
        return (each.finding(judged.expected, self._mark.topic, self._mark.partition) for each in certain)

    def _count(self, judged: Judged) -> None:
        traces = self._with.report.traces
        traces.by_label.update(label for label, _ in judged.found.nodes)
        if judged.is_older:
            traces.older += 1
        else:
            traces.compared += 1


def paged(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    """Yield the items in lists of a page."""
    left = iter(items)
    while page := list(islice(left, PAGE_TRACES)):
        yield page
