"""Looks at the assigned partitions from outside their tasks, every five seconds, also while nothing gets through."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import structlog

from workers.core.errors import MemoryGraphError, NeedsOperator, Retryable
from workers.core.ports import TopicState, Watermark
from workers.core.record import TopicPartition
from workers.engine.assignment import Assignment
from workers.engine.background import in_background
from workers.engine.batch.parked_keys import count_parked
from workers.engine.consumer.unreadable import Unreadable
from workers.engine.partition_task import PartitionContext, Position

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 5.0
POSITION_SECONDS = 1.0


class PartitionsAdded(MemoryGraphError):
    """The topic has more partitions than at the start of the process: only a new process joins with all of them."""


class Observer:
    """Sets the gauges, and notices what a task without records would not: another graph, a recreated topic."""

    def __init__(
        self,
        context: PartitionContext,
        assignment: Assignment,
        partitions: int,
        unreadable: Callable[[], Mapping[TopicPartition, Unreadable]] = dict,
    ) -> None:
        self._context = context
        self._assignment = assignment
        self._partitions = partitions
        self._unreadable = unreadable
        self._state: TopicState | None = None
        self._waits: set[tuple[int, str]] = set()
        self._unready: set[str] = set()

    async def look(self) -> None:
        """Look once. Raises ``PartitionsAdded``. A server that is away is noted, and the gauges go on."""
        self._assignment.notice_unreadable(self._unreadable())
        await self._ask_kafka()
        await self._ask_graph()
        if self._context.options.order == "strict":
            await self._count_parked()
        await self._set_gauges()
        self._show_waits()
        self._show_unready()

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
            context.health.server("neo4j", str(reason), needs_operator=isinstance(reason, NeedsOperator))
            return
        context.health.server("neo4j")
        self._assignment.notice_watermarks(found)
        for partition, claim in idle.items():
            if found.get(partition.partition) != Watermark(claim.token, claim.offset):
                self._assignment.doubt(partition, claim)

    async def _count_parked(self) -> None:
        """Count the parked keys of the assigned partitions. While Neo4j is away, the gauges stay as they are."""
        context = self._context
        partitions, sinks = list(self._assignment.positions()), context.sinks
        with suppress(Retryable):
            keys, since_ms = await count_parked(sinks.writer, context.spec.name, partitions)
            age = 0.0 if since_ms is None else max(0.0, (sinks.clock.now_ms() - since_ms) / 1000)
            sinks.metrics.parked(context.options.topic, keys, age)

    async def _set_gauges(self) -> None:
        context, metrics = self._context, self._context.sinks.metrics
        for partition, position in self._assignment.positions().items():
            metrics.watermark(partition.topic, partition.partition, position.next_offset - 1)
            if self._state is not None and partition.partition in self._state.ends:
                lag = await self._lag(partition, position, self._state.ends[partition.partition])
                metrics.lag(partition.partition, lag)
                metrics.event_time_lag(partition.partition, self._age(position) if lag else 0.0)
        metrics.state_entries(context.spec.name, len(context.sinks.states))
        metrics.buffer_utilization(context.options.group, context.buffer.utilization_percent)

    async def _lag(self, partition: TopicPartition, position: Position, end: int) -> int:
        """Count the records up to the end. Markers of transactions count only while records wait before them."""
        lag = max(0, end - position.next_offset)
        if not lag or not position.idle:
            return lag
        try:
            async with asyncio.timeout(POSITION_SECONDS):
                return 0 if (await self._context.read_position(partition) or 0) >= end else lag
        except TimeoutError:
            return lag

    def _age(self, position: Position) -> float:
        now_ms = self._context.sinks.clock.now_ms()
        return 0.0 if position.oldest_ms is None else max(0.0, (now_ms - position.oldest_ms) / 1000)

    def _show_waits(self) -> None:
        waits = {(partition.partition, wait.reason) for partition, wait in self._context.health.waits().items()}
        for partition, reason in self._waits - waits:
            self._context.sinks.metrics.waiting(partition, reason, waits=False)
        for partition, reason in waits:
            self._context.sinks.metrics.waiting(partition, reason, waits=True)
        self._waits = waits

    def _show_unready(self) -> None:
        health, metrics = self._context.health, self._context.sinks.metrics
        metrics.recovery(health.recovery_seconds())
        reasons = health.unready_reasons()
        for reason in self._unready | reasons:
            metrics.unready(reason, unready=reason in reasons)
        self._unready = reasons


@asynccontextmanager
async def observed(observer: Observer, failed: Callable[[BaseException], None]) -> AsyncIterator[None]:
    """Look every five seconds until the end. ``failed`` is called with an error that ends the process."""

    async def keep_looking() -> None:
        while True:
            await observer.look()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async with in_background(keep_looking(), "observer", failed):
        yield
