"""Looks at the assigned partitions from outside their tasks, every five seconds, also while nothing gets through."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from workers.core.errors import MemoryGraphError, Retryable
from workers.core.ports import TopicState, Watermark
from workers.engine.assignment import Assignment
from workers.engine.partition_task import PartitionContext

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 5.0


class PartitionsAdded(MemoryGraphError):
    """The topic has more partitions than at the start of the process: only a new process joins with all of them."""


class Observer:
    """Sets the gauges, and notices what a task without records would not: another graph, a recreated topic."""

    def __init__(self, context: PartitionContext, assignment: Assignment, partitions: int) -> None:
        self._context = context
        self._assignment = assignment
        self._partitions = partitions
        self._state: TopicState | None = None
        self._waits: set[tuple[int, str]] = set()

    async def look(self) -> None:
        """Look once. Raises ``PartitionsAdded``. A server that is away is noted, and the gauges go on."""
        await self._ask_kafka()
        await self._ask_graph()
        self._set_gauges()
        self._show_waits()

    async def _ask_kafka(self) -> None:
        context = self._context
        try:
            state = await context.topic_states.now()
        except Retryable as reason:
            context.health.server("kafka", str(reason))
            return
        context.health.server("kafka")
        self._assignment.notice_topic(state.id)
        self._state = state
        if (count := len(state.ends)) > self._partitions:
            raise PartitionsAdded(f"{context.options.topic} has {count} partitions, it had {self._partitions}")

    async def _ask_graph(self) -> None:
        """Ask for all watermarks: it shows that Neo4j answers, and which claims no longer hold."""
        context, idle = self._context, self._assignment.idle_claims()
        try:
            found = await context.sinks.writer.watermarks(context.spec.name, context.options.topic)
        except Retryable as reason:
            context.health.server("neo4j", str(reason))
            return
        context.health.server("neo4j")
        for partition, claim in idle.items():
            if found.get(partition.partition) != Watermark(claim.token, claim.offset):
                self._assignment.doubt(partition, claim)

    def _set_gauges(self) -> None:
        context, metrics = self._context, self._context.sinks.metrics
        ends: Mapping[int, int] = self._state.ends if self._state else {}
        now_ms = context.sinks.clock.now_ms()
        for partition, position in self._assignment.positions().items():
            number = partition.partition
            metrics.watermark(partition.topic, number, position.next_offset - 1)
            if number in ends:
                lag = max(0, ends[number] - position.next_offset)
                metrics.lag(number, lag)
                oldest = position.oldest_ms if lag else None
                metrics.event_time_lag(number, max(0.0, (now_ms - oldest) / 1000) if oldest else 0.0)
        metrics.state_entries(context.spec.name, len(context.sinks.states))
        metrics.buffer_utilization(context.options.group, context.buffer.utilization_percent)

    def _show_waits(self) -> None:
        waits = {(partition.partition, wait.reason) for partition, wait in self._context.health.waits().items()}
        for partition, reason in self._waits - waits:
            self._context.sinks.metrics.waiting(partition, reason, waits=False)
        for partition, reason in waits:
            self._context.sinks.metrics.waiting(partition, reason, waits=True)
        self._waits = waits


@asynccontextmanager
async def observed(observer: Observer, failed: Callable[[BaseException], None]) -> AsyncIterator[None]:
    """Look every five seconds until the end. ``failed`` is called with an error that ends the process."""

    async def keep_looking() -> None:
        while True:
            await observer.look()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            failed(error)

    looking = asyncio.create_task(keep_looking(), name="observer")
    looking.add_done_callback(ended)
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait({looking})
