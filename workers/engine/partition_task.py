"""The work of one partition in this process: batch after batch, in order, until it is revoked."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from workers.config.worker_options import NEVER, WorkerOptions
from workers.core.errors import MemoryGraphError
from workers.core.ports import Claim, Decoder, TopicIdentity
from workers.core.record import Record, TopicPartition
from workers.core.worker import WorkerSpec
from workers.engine.batch.decode import decode_batch
from workers.engine.batch.delivery import Delivered, Delivery, Sinks
from workers.engine.batch.measure import measure_batch, report_batch
from workers.engine.batch.partition_queue import PartitionQueue
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk
from workers.engine.health import WorkerHealth
from workers.engine.resilience.retry import Server
from workers.observe.tracing import BatchSpan, Tracing

log = structlog.get_logger(__name__)

MS_PER_HOUR = 3_600_000
EXPIRE_EVERY_BATCHES = 50
"""How often states that are too old or too many are removed."""


class ChunkDropped(MemoryGraphError):
    """A chunk was lost between the consumer and its partition's task: the process must read again from its commit."""


class GraphIsBehind(MemoryGraphError):
    """Kafka's committed offset is past the graph: reading must begin at ``offset``.

    This happens when a topic was recreated (the last commit of the old topic can land in the new one), or when the
    graph was wiped or restored from a backup.
    """

    def __init__(self, topic_partition: TopicPartition, offset: int) -> None:
        super().__init__(f"{topic_partition}: the graph continues at offset {offset}")
        self.topic_partition = topic_partition
        self.offset = offset


@dataclass(frozen=True, slots=True)
class PartitionContext:
    """What all partition tasks of a process share."""

    spec: WorkerSpec[Any, Any]
    options: WorkerOptions
    decoder: Decoder
    sinks: Sinks
    acknowledged: Acknowledged
    buffer: RecordBuffer
    health: WorkerHealth
    topic_identity: TopicIdentity
    end_offset: Callable[[TopicPartition], int | None]
    tracing: Tracing


class PartitionTask:
    """Claims the partition's watermark, then delivers its batches; ``accept`` feeds it, ``drain`` ends it."""

    def __init__(self, topic_partition: TopicPartition, context: PartitionContext) -> None:
        self._topic_partition = topic_partition
        self._context = context
        self._queue = PartitionQueue(topic_partition, context.buffer, context.sinks.clock)
        self._next_offset: int | None = None
        self._committed = 0
        self._draining = asyncio.Event()
        self._newest_ms = 0
        self._batches = 0
        self.running = asyncio.create_task(self._run(), name=f"partition {topic_partition}")

    def accept(self, chunk: Chunk) -> None:
        """Queue a chunk. Raises ``ChunkDropped`` when the chunk before it has not arrived."""
        if chunk.follows != self._next_offset:
            raise ChunkDropped(f"{self._topic_partition}: expected offset {self._next_offset}, got {chunk.follows}")
        if chunk.follows is None:
            self._committed = chunk.committed or 0
        self._next_offset = chunk.last_offset + 1
        self._queue.put(chunk)
        self._context.health.working()

    async def drain(self, grace_seconds: float) -> None:
        """Finish the current batch within the grace period; discard waiting records, which are read again."""
        self._draining.set()
        _, unfinished = await asyncio.wait({self.running}, timeout=grace_seconds)
        if unfinished:
            log.warning("batch not finished in time, it will be read again", partition=str(self._topic_partition))
            self.running.cancel()
            await asyncio.wait({self.running})
        self._queue.discard()

    async def _run(self) -> None:
        context = self._context
        claim = await self._until_draining(self._claim())
        if claim is None:
            return
        watermark = claim.offset
        if self._committed > watermark + 1:
            raise GraphIsBehind(self._topic_partition, watermark + 1)
        delivery = Delivery(context.spec, context.options.group, claim, context.sinks)
        while (records := await self._until_draining(self._queue.batch(context.options.batch))) is not None:
            with context.tracing.batch(context.spec.name, context.options.group, records) as span:
                await self._deliver(delivery, records, watermark, span)
            watermark = max(watermark, records[-1].offset)
            context.acknowledged.acknowledge(self._topic_partition, records[-1].offset)
            context.health.progressed()
            self._expose(watermark)
            await self._expire(records)

    async def _until_draining(self, step: Any) -> Any:
        """Await a step that may be cancelled between batches; return ``None`` once the partition is draining."""
        stepping = asyncio.ensure_future(step)
        draining = asyncio.ensure_future(self._draining.wait())
        await asyncio.wait({stepping, draining}, return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        if stepping.done() and not self._draining.is_set():
            return stepping.result()
        stepping.cancel()
        await asyncio.wait({stepping})
        return None

    async def _claim(self) -> Claim:
        context, sinks = self._context, self._context.sinks

        async def attempt() -> Claim:
            topic_id = await context.topic_identity.of(self._topic_partition.topic)
            return await sinks.writer.claim(context.spec.name, self._topic_partition, topic_id)

        claim = await sinks.retry.until_done(Server.NEO4J, attempt)
        log.info("partition claimed", partition=str(self._topic_partition), watermark=claim.offset, epoch=claim.epoch)
        return claim

    async def _deliver(
        self, delivery: Delivery[Any, Any], records: Sequence[Record], watermark: int, span: BatchSpan
    ) -> None:
        spec, sinks = self._context.spec, self._context.sinks
        started = sinks.clock.monotonic()
        await self._prepare(records)
        batch = decode_batch(spec, self._context.decoder, sinks.clock, records)
        if spec.trace_id is not None:
            span.link_traces(map(spec.trace_id, [event for _, event in batch.events]))
        if records[0].offset <= watermark:
            await delivery.catch_up(batch.until(watermark))
            batch = batch.after(watermark)
        delivered = Delivered()
        if records[-1].offset > watermark:
            delivered = await delivery.deliver(batch, records[-1].offset)
        received = measure_batch(sinks.metrics, spec, batch, delivered, sinks.clock.monotonic() - started)
        if records[-1].offset > watermark:
            report_batch(spec, received, delivered, sinks)

    async def _prepare(self, records: Sequence[Record]) -> None:
        for preparation in (self._context.decoder, *self._context.spec.preparations):
            await self._context.sinks.retry.until_done(preparation.server, lambda: preparation.prepare(records))  # noqa: B023 - awaited within this round

    def _expose(self, watermark: int) -> None:
        context, metrics = self._context, self._context.sinks.metrics
        topic, partition = self._topic_partition
        metrics.watermark(topic, partition, watermark)
        metrics.state_entries(context.spec.name, len(context.sinks.states))
        metrics.buffer_utilization(context.options.group, context.buffer.utilization_percent)
        if (end := context.end_offset(self._topic_partition)) is not None:
            metrics.lag(partition, max(0, end - watermark - 1))

    async def _expire(self, records: Sequence[Record]) -> None:
        """Remove states that are older than the TTL by record timestamps, so that a replay expires the same ones."""
        clock, states = self._context.sinks.clock, self._context.sinks.states
        newest = max(record.timestamp for record in records)
        self._newest_ms = max(self._newest_ms, min(newest, clock.now_ms()))
        self._batches += 1
        limits = self._context.options.state
        if self._batches % EXPIRE_EVERY_BATCHES or limits.ttl_hours == NEVER:
            return
        horizon = self._newest_ms - limits.ttl_hours * MS_PER_HOUR
        expired = await self._context.sinks.retry.until_done(
            Server.KAFKA, lambda: states.expire(self._topic_partition.partition, horizon, limits.max_entries)
        )
        log.debug("states expired", partition=str(self._topic_partition), expired=expired, kept=len(states))
