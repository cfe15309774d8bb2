"""One partition's way through this process: batch after batch, in order, until it is revoked."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from workers.config.tuning import NEVER, WorkerTuning
from workers.core.ports import Claim, Decoder, TopicIdentity
from workers.core.record import Record, TopicPartition
from workers.core.worker import WorkerSpec
from workers.engine.batch.decode import DecodedBatch, decode_batch
from workers.engine.batch.delivered import Delivered
from workers.engine.batch.delivery import Delivery, Sinks
from workers.engine.batch.measure import measure_batch
from workers.engine.batch.partition_queue import PartitionQueue
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk
from workers.engine.health import WorkerHealth
from workers.engine.resilience.retry import Server
from workers.observe.tracing import BatchSpan, Tracing

log = structlog.get_logger(__name__)

MS_PER_HOUR = 3_600_000
MODELS = "model/"
"""How keys of models begin, where states are of several kinds."""
SWEEP_EVERY_BATCHES = 50
"""How often states that are too old or too many are looked for."""


class ChunkDropped(Exception):
    """A chunk was lost between intake and its partition's task; reading must go back to what is committed."""


class ReadAhead(Exception):
    """Kafka's committed offset is past what the graph holds: reading must begin at ``offset``.

    So it is after a topic was made anew (the last commit of its first life can land in its second), or when
    the graph was wiped or restored from a backup.
    """

    def __init__(self, topic_partition: TopicPartition, offset: int) -> None:
        super().__init__(f"{topic_partition}: the graph goes on at offset {offset}")
        self.topic_partition = topic_partition
        self.offset = offset


@dataclass(frozen=True, slots=True)
class PartitionContext:
    """What all partition tasks of a process share."""

    spec: WorkerSpec[Any, Any]
    tuning: WorkerTuning
    decoder: Decoder
    sinks: Sinks
    acknowledged: Acknowledged
    backlog: RecordBuffer
    condition: WorkerHealth
    topic_identity: TopicIdentity
    end_offset: Callable[[TopicPartition], int | None]
    tracing: Tracing


class PartitionTask:
    """Claims the partition's watermark, then delivers its batches; ``accept`` feeds it, ``drain`` ends it."""

    def __init__(self, topic_partition: TopicPartition, process: PartitionContext) -> None:
        self._topic_partition = topic_partition
        self._process = process
        self._inbox = PartitionQueue(topic_partition, process.backlog, process.sinks.clock)
        self._next_offset: int | None = None
        self._sought = 0
        self._draining = asyncio.Event()
        self._newest_ms = 0
        self._batches = 0
        self.running = asyncio.create_task(self._run(), name=f"partition {topic_partition}")

    def accept(self, chunk: Chunk) -> None:
        """Queue a chunk. Raises ``ChunkDropped`` when the one before it never came here."""
        if chunk.follows != self._next_offset:
            raise ChunkDropped(f"{self._topic_partition}: expected offset {self._next_offset}, got {chunk.follows}")
        if chunk.follows is None:
            self._sought = chunk.sought or 0
        self._next_offset = chunk.last_offset + 1
        self._inbox.put(chunk)
        self._process.condition.working()

    async def drain(self, grace_seconds: float) -> None:
        """Let the batch under way get through, within the grace; drop what only waits: it is read again."""
        self._draining.set()
        _, unfinished = await asyncio.wait({self.running}, timeout=grace_seconds)
        if unfinished:
            log.warning("batch given up, it will be read again", partition=str(self._topic_partition))
            self.running.cancel()
            await asyncio.wait({self.running})
        self._inbox.discard()

    async def _run(self) -> None:
        process = self._process
        claim = await self._until_draining(self._claim())
        if claim is None:
            return
        watermark = claim.offset
        if self._sought > watermark + 1:
            raise ReadAhead(self._topic_partition, watermark + 1)
        delivery = Delivery(process.spec, process.tuning.group, claim, process.sinks)
        while (records := await self._until_draining(self._inbox.batch(process.tuning.batch))) is not None:
            with process.tracing.batch(process.spec.name, process.tuning.group, records) as span:
                await self._deliver(delivery, records, watermark, span)
            watermark = max(watermark, records[-1].offset)
            process.acknowledged.acknowledge(self._topic_partition, records[-1].offset)
            process.condition.progressed()
            self._expose(watermark)
            await self._expire(records)

    async def _until_draining(self, step: Any) -> Any:
        """Run a step that may be given up between batches; ``None`` once the partition is draining."""
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
        process, sinks = self._process, self._process.sinks

        async def attempt() -> Claim:
            topic_id = await process.topic_identity.of(self._topic_partition.topic)
            return await sinks.writer.claim(process.spec.name, self._topic_partition, topic_id)

        claim = await sinks.retry.through(Server.NEO4J, attempt)
        log.info("partition claimed", partition=str(self._topic_partition), watermark=claim.offset, epoch=claim.epoch)
        return claim

    async def _deliver(
        self, delivery: Delivery[Any, Any], records: Sequence[Record], watermark: int, span: BatchSpan
    ) -> None:
        process, sinks = self._process, self._process.sinks
        started = sinks.clock.monotonic()
        await sinks.retry.through(Server.SCHEMA_REGISTRY, lambda: process.decoder.fetch_schemas(records))
        decoded = decode_batch(process.spec, process.decoder, sinks.clock, records)
        span.link_traces(process.spec.trace_of(event) for _, event in decoded.events)
        delivered = Delivered()
        if records[0].offset <= watermark:
            await delivery.catch_up(_part(decoded, lambda record: record.offset <= watermark))
            decoded = _part(decoded, lambda record: record.offset > watermark)
        if records[-1].offset > watermark:
            delivered = await delivery.deliver(decoded, records[-1].offset)
        measure_batch(sinks.metrics, process.spec, decoded, delivered, sinks.clock.monotonic() - started)

    def _expose(self, watermark: int) -> None:
        process, metrics = self._process, self._process.sinks.metrics
        topic, partition = self._topic_partition
        metrics.watermark(topic, partition, watermark)
        metrics.state_entries(process.spec.name, len(process.sinks.states))
        if process.spec.change_events:
            metrics.sync.models(process.sinks.states.count(MODELS))
        metrics.buffer_utilization(process.tuning.group, process.backlog.utilization_percent)
        if (end := process.end_offset(self._topic_partition)) is not None:
            metrics.lag(partition, max(0, end - watermark - 1))

    async def _expire(self, records: Sequence[Record]) -> None:
        """Forget states that have been quiet for the TTL, by the log's own time so that a replay agrees."""
        clock, states = self._process.sinks.clock, self._process.sinks.states
        newest = max(record.timestamp for record in records)
        self._newest_ms = max(self._newest_ms, min(newest, clock.now_ms()))
        self._batches += 1
        tuning = self._process.tuning.state
        if self._batches % SWEEP_EVERY_BATCHES or tuning.ttl_hours == NEVER:
            return
        horizon = self._newest_ms - tuning.ttl_hours * MS_PER_HOUR
        expired = await self._process.sinks.retry.through(
            Server.KAFKA, lambda: states.expire(self._topic_partition.partition, horizon, tuning.max_entries)
        )
        log.debug("states expired", partition=str(self._topic_partition), expired=expired, kept=len(states))


def _part(decoded: DecodedBatch[Any], belongs: Callable[[Record], bool]) -> DecodedBatch[Any]:
    return DecodedBatch(
        [each for each in decoded.events if belongs(each[0])],
        [turned for turned in decoded.rejected if belongs(turned.record)],
        [left_out for left_out in decoded.dropped if belongs(left_out.record)],
    )
