"""Traces that the graph has and the topic does not: written by nobody, older than the topic, or just being written."""

from collections.abc import AsyncIterator, Callable, Sequence

from workers.adapters.kafka.reader import TopicReader
from workers.ops.graph_check.compare import Judged
from workers.ops.graph_check.content import Expected, Found
from workers.ops.graph_check.context import Context
from workers.ops.graph_check.finding import NO_RECORD_MADE_IT, Finding, Kind, Place
from workers.ops.graph_check.partition import paged
from workers.ops.graph_check.sample import Slice
from workers.ops.graph_check.traces import by_itself
from workers.ops.graph_check.traces.expected import WRITTEN
from workers.ops.graph_check.traces.found import found_of
from workers.ops.graph_check.traces.moving import without_moves
from workers.ops.graph_check.traces.partition import Telemetry
from workers.ops.graph_check.watermarks import PartitionMark, offset_now
from workers.pipelines.telemetry.limits import MAX_AHEAD_MS
from workers.pipelines.telemetry.write.statements import STORED_KEYS


class UnknownTraces:
    """Walks along the trace_ids of the graph, and judges the chosen ones that no record of the topic has named.

    ``kept_since`` is ``None`` where nothing was ever removed from the topic.
    """

    def __init__(
        self, context: Context, telemetry: Telemetry, marks: Sequence[PartitionMark], kept_since: int | None
    ) -> None:
        self._graph = context.graph
        self._report = context.report
        self._by = telemetry
        self._reader = TopicReader(context.settings.kafka, marks[0].topic)
        self._read_to = {mark.partition: mark.next for mark in marks}
        self._marks = marks
        self._kept_since = kept_since

    async def check(self, chosen: Slice, progress: Callable[[int], None]) -> None:
        """Report the traces that nothing explains. Raises ``Unreachable``."""
        async for keys in self._keys():
            unknown = [key for key in keys if chosen.has(key.encode()) and key not in self._by.known]
            for page in paged(unknown):
                await self._judge([Expected(WRITTEN, key) for key in page])
            progress(len(keys))

    async def _keys(self) -> AsyncIterator[list[str]]:
        after = ""
        while keys := (await self._graph.rows(STORED_KEYS, after=after))[0]["keys"]:
            yield keys
            after = keys[-1]

    async def _judge(self, traces: Sequence[Expected]) -> None:
        found = await found_of(self._graph, traces)
        there = [each for each in zip(traces, found, strict=True) if each[1].nodes]
        recent = [each for each in there if not self._is_older(each[1])]
        for expected, here in there:
            if self._is_older(here):
                await self._check_older(expected, here)
        if recent:
            await self._read_on()  # after the graph was read: what came meanwhile is lag
            for expected, here in recent:
                if expected.trace_id not in self._by.known:
                    self._report.add(_unexplained(expected, here))

    def _is_older(self, found: Found) -> bool:
        if self._kept_since is None:
            return False
        times = [shown.get("timestamp") for shown in found.nodes.values()]
        return any(isinstance(time, int) and time <= self._kept_since + MAX_AHEAD_MS for time in times)

    async def _check_older(self, expected: Expected, found: Found) -> None:
        every = list(by_itself.differences(expected.trace_id, found, self._by.book))
        judged = Judged(expected, found, every, is_older=True)
        self._report.traces.add(judged)
        certain = await without_moves(self._graph, self._by.book, judged, self._report.traces)
        self._report.add(each.finding(expected, None, None) for each in certain)

    async def _read_on(self) -> None:
        """Learn the keys of the records that the worker has written since the watermarks were read."""
        for mark in self._marks:
            begin, end = self._read_to[mark.partition], await offset_now(self._graph, mark) + 1
            for messages in self._reader.batches({mark.partition: begin}, {mark.partition: end}):
                self._by.known.update((each.key() or b"").decode(errors="replace") for each in messages)
            self._read_to[mark.partition] = max(begin, end)


def _unexplained(expected: Expected, found: Found) -> list[Finding]:
    place = Place(trace_id=expected.trace_id)

    return [
        Finding(Kind.UNEXPLAINED_NODE, f"{label} {key}", None, None, "a node", NO_RECORD_MADE_IT, place)
        for label, key in found.nodes
    ]
