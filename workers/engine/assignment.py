"""The partitions of this process: one task for each, created by its first records, drained before a rebalance."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog

from workers.core.errors import NewGraph
from workers.core.ports import NOTHING_WRITTEN, Claim, Watermark
from workers.core.record import TopicPartition
from workers.engine.consumer.chunk import Chunk
from workers.engine.consumer.unreadable import Unreadable
from workers.engine.health import Unready
from workers.engine.partition_task import (
    GraphIsBehind,
    PartitionContext,
    PartitionTask,
    Position,
    TopicRecreated,
    require_records_after,
)
from workers.engine.resilience.dead_letter_limit import DeadLetterLimitExceeded

log = structlog.get_logger(__name__)


class Assignment:
    """All partition tasks of a process. ``failed`` is called with a bug or a lost chunk, which ends the process."""

    def __init__(self, context: PartitionContext, failed: Callable[[BaseException], None]) -> None:
        self._context = context
        self._failed = failed
        self._tasks: dict[TopicPartition, PartitionTask] = {}
        self._open_for: int | None = None
        self._held: frozenset[TopicPartition] = frozenset()
        self._committed: Mapping[TopicPartition, int] = {}
        self._unreadable: Mapping[TopicPartition, Unreadable] = {}
        self.behind: dict[TopicPartition, int] = {}
        """Partitions that the consumer must read again, and the offset to begin at."""

    def open(self, seek: int, committed: Mapping[TopicPartition, int]) -> None:
        """Accept chunks that were fetched after the consumer's seek number ``seek``, and no older ones.

        ``committed`` has the offsets that the seek went to.
        """
        self._open_for = seek
        self._committed = committed
        self.behind.clear()
        self._context.health.recovered()

    def rebalanced(self, assigned: Iterable[TopicPartition]) -> None:
        """Note an assignment of partitions; it replaces the one before."""
        self._held = frozenset(assigned)
        self._context.health.assigned()
        self._context.sinks.metrics.rebalanced(self._context.spec.name)

    def leads(self) -> bool:
        """Tell whether this process has the topic's first partition and accepts records: then it runs the jobs."""
        return self._open_for is not None and TopicPartition(self._context.options.topic, 0) in self._held

    def positions(self) -> dict[TopicPartition, Position]:
        """Return how far each assigned partition is."""
        topic = self._context.options.topic
        return {
            each: task.position() if (task := self._tasks.get(each)) else Position(self._committed.get(each, 0), None)
            for each in self._held
            if each.topic == topic
        }

    def idle_claims(self) -> dict[TopicPartition, Claim]:
        """Return the claims of the partitions that deliver nothing at the moment."""
        claims = {partition: task.idle_claim() for partition, task in self._tasks.items()}
        return {partition: claim for partition, claim in claims.items() if claim is not None}

    def doubt(self, topic_partition: TopicPartition, claim: Claim) -> None:
        """Claim a partition again if it still has this claim, because the graph has another."""
        if (task := self._tasks.get(topic_partition)) is not None:
            task.doubt(claim)

    def notice_watermarks(self, found: Mapping[int, Watermark]) -> None:
        """Read again where a partition was committed past the graph and no record has come that would show it."""
        for partition, committed in self._committed.items():
            if partition not in self._held or partition in self._tasks:
                continue
            mark = found.get(partition.partition)
            offset = mark.offset if mark else NOTHING_WRITTEN
            try:
                require_records_after(self._context.spec, partition, committed, offset, new_graph=mark is None)
            except (GraphIsBehind, NewGraph) as reason:
                self._note(reason)

    def notice_unreadable(self, found: Mapping[TopicPartition, Unreadable]) -> None:
        """Note which assigned partitions have a batch that cannot be read, and log what is new."""
        found = {partition: batch for partition, batch in found.items() if partition in self._held}
        for partition, batch in found.items():
            if self._unreadable.get(partition) != batch:
                log.error("records cannot be read", reason=batch.explained(partition))
        self._unreadable = found
        self._context.health.unreadable([batch.explained(partition) for partition, batch in found.items()])

    def notice_topic(self, topic_id: str) -> None:
        """Read all partitions from their beginning where they were claimed for another topic of the same name."""
        if any(task.topic_id not in {None, topic_id} for task in self._tasks.values()):
            log.warning("the topic was recreated, reading it from the beginning", topic=self._context.options.topic)
            self.behind.update(dict.fromkeys(self.positions(), 0))

    def accept(self, chunk: Chunk) -> None:
        """Pass a chunk to its partition's task. Never raises, because Faust acknowledges what an agent raises on."""
        if chunk.seek != self._open_for:
            return  # fetched before a rebalance: the new owner of the partition reads it again
        task = self._tasks.get(chunk.topic_partition)
        if task is None:
            task = self._tasks[chunk.topic_partition] = PartitionTask(chunk.topic_partition, self._context)
            task.running.add_done_callback(self._ended)
        try:
            task.accept(chunk)
        except Exception as error:  # noqa: BLE001 - reported, and ends the process
            self._failed(error)

    async def drain(self) -> None:
        """End every task within the grace period, and forget all; called before a rebalance and at the end."""
        self._open_for = None
        held, self._tasks = self._tasks, {}
        grace = float(self._context.options.drain.grace_seconds)
        await asyncio.gather(*(task.drain(grace) for task in held.values()))
        self._context.buffer.clear()
        self._context.health.drained()
        for topic_partition in held:
            self._context.sinks.metrics.revoked(*topic_partition)

    def _ended(self, running: "asyncio.Task[None]") -> None:
        if running.cancelled() or (error := running.exception()) is None:
            return
        if isinstance(error, DeadLetterLimitExceeded):
            return  # the limiter has logged it; waiting records stay unacknowledged
        self._note(error)

    def _note(self, error: BaseException) -> None:
        if isinstance(error, NewGraph):
            self._context.health.hold(Unready.NEW_GRAPH, str(error))
            log.error("worker stands still", reason=str(error))
            return
        if isinstance(error, TopicRecreated):
            self.notice_topic(error.topic_id)
            return
        if isinstance(error, GraphIsBehind):
            log.warning(
                "the graph is behind the committed offset, reading again from the graph's offset", reason=str(error)
            )
            self.behind[error.topic_partition] = error.offset
            return
        self._failed(error)
