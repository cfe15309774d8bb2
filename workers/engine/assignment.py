"""The partitions this process holds: one task each, made when records come, drained before they go."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from workers.core.errors import Fenced
from workers.core.record import TopicPartition
from workers.engine.consumer.chunk import Chunk
from workers.engine.partition_task import PartitionContext, PartitionTask, ReadAhead
from workers.engine.resilience.dead_letter_limit import DeadLetterLimitExceeded

log = structlog.get_logger(__name__)


class Assignment:
    """All partition tasks of a process. ``failed`` is called with what ends the process: a bug, a lost chunk."""

    def __init__(self, process: PartitionContext, failed: Callable[[BaseException], None]) -> None:
        self._process = process
        self._failed = failed
        self._tasks: dict[TopicPartition, PartitionTask] = {}
        self._open_for: int | None = None
        self._held: frozenset[TopicPartition] = frozenset()
        self.behind: dict[TopicPartition, int] = {}
        """Partitions that the consumer must read again, and from which offset."""

    def open(self, seek: int) -> None:
        """Take in the chunks fetched after the consumer's seek number ``seek``, and none from before."""
        self._open_for = seek
        self.behind.clear()
        self._process.topic_identity.forget()
        self._process.condition.recovered(done=True)

    def rebalanced(self, assigned: Iterable[TopicPartition]) -> None:
        """Count an assignment of partitions; those of before are others' now."""
        self._held = frozenset(assigned)
        self._process.sinks.metrics.rebalanced(self._process.spec.name)

    def leads(self) -> bool:
        """Tell whether this process, of all the worker's, holds the topic's first partition, and is at work."""
        return self._open_for is not None and TopicPartition(self._process.tuning.topic, 0) in self._held

    def accept(self, chunk: Chunk) -> None:
        """Hand a chunk to its partition's task. Never raises: Faust would acknowledge what failed."""
        if chunk.seek != self._open_for:
            return  # fetched before a rebalance: it is read again, by whoever holds the partition now
        task = self._tasks.get(chunk.topic_partition)
        if task is None:
            task = self._tasks[chunk.topic_partition] = PartitionTask(chunk.topic_partition, self._process)
            task.running.add_done_callback(self._ended)
        try:
            task.accept(chunk)
        except Exception as error:  # noqa: BLE001 - reported, and ends the process
            self._failed(error)

    async def drain(self) -> None:
        """End every task within the grace, then start empty: called before a rebalance and at the end."""
        self._open_for = None
        self._process.condition.recovered(done=False)
        held, self._tasks = self._tasks, {}
        grace = float(self._process.tuning.drain.grace_seconds)
        await asyncio.gather(*(task.drain(grace) for task in held.values()))
        self._process.backlog.clear()
        for topic_partition in held:
            self._process.sinks.metrics.revoked(*topic_partition)

    def _ended(self, running: "asyncio.Task[None]") -> None:
        if running.cancelled() or (error := running.exception()) is None:
            return
        if isinstance(error, DeadLetterLimitExceeded):
            return  # said once, by who counts; what waits stays unacknowledged
        if isinstance(error, ReadAhead):
            log.warning("the graph is behind the committed offset, reading from where it is", reason=str(error))
            self.behind[error.topic_partition] = error.offset
            return
        if isinstance(error, Fenced):
            # Another worker owns the partition by now: this one has been away and will be told to rejoin.
            log.warning("fenced: another worker has claimed the partition", reason=str(error))
            return
        self._failed(error)
