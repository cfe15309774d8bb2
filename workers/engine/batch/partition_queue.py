"""Chunks waiting for one partition's task, taken out as batches."""

import asyncio
from collections import deque
from collections.abc import Sequence

from workers.config.tuning import Batch
from workers.core.clock import Clock
from workers.core.record import Record, TopicPartition
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk

LARGEST_BATCH_BYTES = 16 * 1024 * 1024
"""A transaction takes seven times its texts' bytes of Neo4j's memory (measured: 716 MiB refuse 102 texts of 1 MB), and
one that never fits would be tried for ever. Records of the usual kilobyte never come near it."""


class PartitionQueue:
    """A queue of chunks that never blocks who puts (intake holds back by bytes instead)."""

    def __init__(self, topic_partition: TopicPartition, backlog: RecordBuffer, clock: Clock) -> None:
        self._topic_partition = topic_partition
        self._backlog = backlog
        self._clock = clock
        self._chunks: deque[tuple[Chunk, int]] = deque()
        self._arrived = asyncio.Event()

    def put(self, chunk: Chunk) -> None:
        size = chunk.size_bytes()
        self._backlog.add(self._topic_partition, size)
        self._chunks.append((chunk, size))
        self._arrived.set()

    async def batch(self, policy: Batch) -> Sequence[Record]:
        """Wait for records; return once there are ``max_rows``, or ``max_wait_ms`` after the first came.

        Whole chunks are taken, so a batch can exceed ``max_rows``, and ``LARGEST_BATCH_BYTES``, by less than one chunk.
        """
        while not self._chunks:
            await self._arrival(None)
        records: list[Record] = []
        taken_bytes = 0
        deadline = self._clock.monotonic() + policy.max_wait_ms / 1000
        while len(records) < policy.max_rows and taken_bytes < LARGEST_BATCH_BYTES:
            if self._chunks:
                chunk, size = self._take()
                records.extend(chunk.records)
                taken_bytes += size
                continue
            remaining = deadline - self._clock.monotonic()
            if remaining <= 0 or not await self._arrival(remaining):
                break
        return records

    def _take(self) -> tuple[Chunk, int]:
        chunk, size = self._chunks.popleft()
        self._backlog.remove(self._topic_partition, size)
        return chunk, size

    async def _arrival(self, timeout_seconds: float | None) -> bool:
        self._arrived.clear()
        try:
            await asyncio.wait_for(self._arrived.wait(), timeout_seconds)
        except TimeoutError:
            return False
        return True

    def discard(self) -> None:
        """Drop what waits: the partition is being revoked, and its next owner reads it again."""
        while self._chunks:
            self._take()
