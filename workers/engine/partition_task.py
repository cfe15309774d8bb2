"""The work of one partition in this process: batch after batch, in order, until it is revoked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import structlog

from workers.config.worker_options import WorkerOptions
from workers.core.errors import Fenced, MemoryGraphError, NewGraph
from workers.core.ports import NOTHING_WRITTEN, Claim, Decoder, TopicStates
from workers.core.record import Record, TopicPartition
from workers.core.worker import WorkerSpec
from workers.engine.batch.decode import decode_batch
from workers.engine.batch.delivery import Delivery
from workers.engine.batch.measure import measure_batch, report_batch
from workers.engine.batch.partition_queue import PartitionQueue
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk
from workers.engine.health import WorkerHealth
from workers.engine.in_force import InForce
from workers.engine.resilience.retry import Server
from workers.engine.sinks import Sinks
from workers.observe.tracing import BatchSpan, Tracing

log = structlog.get_logger(__name__)


class ChunkDropped(MemoryGraphError):
    """A chunk was lost between the consumer and its partition's task: the process must read again from its commit."""


class GraphIsBehind(MemoryGraphError):
    """Kafka's committed offset is past the graph: reading must begin at ``offset``.

    This happens when a topic was recreated (the last commit of the old topic can land in the new one), or when the
    graph was emptied or restored from a backup.
    """

    def __init__(self, topic_partition: TopicPartition, offset: int) -> None:
        super().__init__(f"{topic_partition}: the graph continues at offset {offset}")
        self.topic_partition = topic_partition
        self.offset = offset


class TopicRecreated(MemoryGraphError):
    """The topic was deleted and created again since the claim: all its partitions must be read from the beginning."""

    def __init__(self, topic_id: str) -> None:
        super().__init__(f"the topic has the id {topic_id} now")
        self.topic_id = topic_id


def require_records_after(
    spec: WorkerSpec[Any, Any], partition: TopicPartition, acknowledged: int, offset: int, *, new_graph: bool
) -> None:
    """Raise ``GraphIsBehind`` or ``NewGraph`` where records after the graph's ``offset`` were acknowledged."""
    if acknowledged <= offset + 1:
        return
    if new_graph and spec.state and spec.state.on_new_graph == "fail":
        raise NewGraph(f"the graph has nothing of {partition}, which was read before: {spec.state.new_graph_fix}")
    raise GraphIsBehind(partition, offset + 1)


@dataclass(frozen=True, slots=True)
class PartitionContext:
    """What all partition tasks of a process share."""

    in_force: InForce
    decoder: Decoder
    sinks: Sinks
    acknowledged: Acknowledged
    buffer: RecordBuffer
    health: WorkerHealth
    topic_states: TopicStates
    read_position: Callable[[TopicPartition], Awaitable[int | None]]
    """Returns the offset that the consumer reads next; past markers of transactions, which are no records."""
    tracing: Tracing

    @property
    def spec(self) -> WorkerSpec[Any, Any]:
        """Return the worker, built with the options that count now."""
        return self.in_force.spec

    @property
    def options(self) -> WorkerOptions:
        """Return the options that count now."""
        return self.in_force.options


class Position(NamedTuple):
    """How far a partition is in the graph.

    ``next_offset``  the offset after the last record in the graph
    ``oldest_ms``    the timestamp of the oldest known record that is not in the graph, or else of the newest that is;
                     epoch milliseconds, ``None`` where none is known
    ``idle``         no known record waits
    """

    next_offset: int
    oldest_ms: int | None
    idle: bool = True


class PartitionTask:
    """Claims the partition's watermark, then delivers its batches; ``accept`` feeds it, ``drain`` ends it."""

    def __init__(self, topic_partition: TopicPartition, context: PartitionContext) -> None:
        self._topic_partition = topic_partition
        self._health = context.health.partition(topic_partition)
        self._context = context = replace(context, sinks=context.sinks.for_partition(self._health))
        self._queue = PartitionQueue(topic_partition, context.buffer, context.sinks.clock)
        self._next_offset: int | None = None
        self._acknowledged = 0
        self._undelivered: Sequence[Record] = ()
        self._newest_ms: int | None = None
        self._delivery: Delivery[Any, Any] | None = None
        self.topic_id: str | None = None
        self._draining = asyncio.Event()
        self.running = asyncio.create_task(self._run(), name=f"partition {topic_partition}")

    def accept(self, chunk: Chunk) -> None:
        """Queue a chunk. Raises ``ChunkDropped`` when the chunk before it has not arrived."""
        if chunk.follows != self._next_offset:
            raise ChunkDropped(f"{self._topic_partition}: expected offset {self._next_offset}, got {chunk.follows}")
        if chunk.follows is None:
            self._acknowledged = chunk.committed or 0
        self._next_offset = chunk.last_offset + 1
        self._queue.put(chunk)
        self._health.working()

    def position(self) -> Position:
        """Return how far the graph is."""
        next_offset = self._delivery.claim.offset + 1 if self._delivery else self._acknowledged
        oldest_ms = self._undelivered[0].timestamp if self._undelivered else self._queue.oldest_ms()
        return Position(next_offset, oldest_ms or self._newest_ms, idle=oldest_ms is None)

    def idle_claim(self) -> Claim | None:
        """Return the claim while no batch is delivered under it."""
        return self._delivery.claim if self._delivery and not self._undelivered else None

    def doubt(self, claim: Claim) -> None:
        """Claim again if this is still the claim: the graph has another one. A batch would notice it by itself."""
        if self.idle_claim() is claim:
            self._queue.interrupt(Fenced(f"{self._topic_partition}: the graph has another claim or offset"))

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
        """Deliver under one claim after the other until the partition is revoked."""
        context = self._context
        while (claim := await self._until_draining(self._claim())) is not None:
            new_graph = claim.offset == NOTHING_WRITTEN and not claim.epoch
            require_records_after(
                context.spec, self._topic_partition, self._acknowledged, claim.offset, new_graph=new_graph
            )
            self._queue.interrupt(None)
            strict = context.options.order == "strict"
            self._delivery = delivery = Delivery(
                context.spec, context.options.group, claim, context.sinks, strict=strict
            )
            try:
                await self._deliver_batches(delivery)
            except Fenced as reason:
                log.warning("fenced: the partition is claimed again if it stays assigned", reason=str(reason))
                await self._stay_away(str(reason))
            else:
                return

    async def _stay_away(self, reason: str) -> None:
        """Wait for the session timeout: if another owner is the rightful one, Kafka revokes the partition by then."""
        with self._health.waiting("fenced") as wait:
            wait.outage = reason
            await self._until_draining(asyncio.sleep(self._context.options.session_timeout_seconds))

    async def _deliver_batches(self, delivery: Delivery[Any, Any]) -> None:
        context = self._context
        while records := self._undelivered or await self._until_draining(self._next_batch()):
            self._undelivered = records
            with context.tracing.batch(context.spec.name, context.options.group, records) as span:
                await self._deliver(delivery, _after(delivery.claim.offset, records), span)
            self._undelivered = ()
            self._newest_ms = records[-1].timestamp
            self._acknowledged = records[-1].offset + 1
            context.acknowledged.acknowledge(self._topic_partition, records[-1].offset)
            self._health.progressed(more=len(self._queue) > 0)

    def _next_batch(self) -> Awaitable[Sequence[Record]]:
        return self._queue.batch(lambda: self._context.options.batch)

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
        topic = await sinks.retry.until_done(Server.KAFKA, context.topic_states.recent)
        self.topic_id = topic.id

        async def attempt() -> Claim:
            with sinks.metrics.graph_write("claim", sinks.clock):
                return await sinks.writer.claim(context.spec.name, self._topic_partition, topic.id)

        claim = await sinks.retry.until_done(Server.NEO4J, attempt)
        log.info("partition claimed", partition=str(self._topic_partition), watermark=claim.offset, epoch=claim.epoch)
        return claim

    async def _deliver(self, delivery: Delivery[Any, Any], records: Sequence[Record], span: BatchSpan) -> None:
        if not records:
            return
        spec, sinks = self._context.spec, self._context.sinks
        clock, metrics = sinks.clock, sinks.metrics
        metrics.stepped("gather", clock.monotonic() - self._queue.batch_since)
        with metrics.step("prepare", clock):
            await self._require_same_topic()
            await self._prepare(records)
        with metrics.step("decode", clock):
            batch = decode_batch(spec, self._context.decoder, clock, records)
        if spec.trace_id is not None:
            span.link_traces(map(spec.trace_id, [event for _, event in batch.events]))
        delivered = await delivery.deliver(batch, records[-1].offset)
        received = measure_batch(metrics, spec, batch, delivered, clock.monotonic() - self._queue.batch_since)
        report_batch(spec, received, delivered, sinks)

    async def _require_same_topic(self) -> None:
        """Raise ``TopicRecreated`` for another topic of the same name.

        A process that slept, or that Kafka was away from, reads on at its position in the new topic. Offsets alone do
        not show that, and the first records of the new topic would be missed, or folded after later ones.
        """
        topic = await self._context.sinks.retry.until_done(Server.KAFKA, self._context.topic_states.recent)
        if topic.id != self.topic_id:
            raise TopicRecreated(topic.id)

    async def _prepare(self, records: Sequence[Record]) -> None:
        for preparation in (self._context.decoder, *self._context.spec.preparations):
            await self._context.sinks.retry.until_done(preparation.server, lambda: preparation.prepare(records))  # noqa: B023 - awaited within this round


def _after(offset: int, records: Sequence[Record]) -> Sequence[Record]:
    """Return the records that the graph does not have yet: nearly always all of them."""
    return records if records[0].offset > offset else [each for each in records if each.offset > offset]
