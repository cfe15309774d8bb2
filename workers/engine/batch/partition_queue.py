"""The waiting chunks of one partition, taken out as batches."""

import asyncio
from collections import deque
from collections.abc import Sequence

from workers.config.takes_effect import Now
from workers.config.worker_options import Batch
from workers.core.clock import Clock
from workers.core.record import Record, TopicPartition
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk

LARGEST_BATCH_BYTES = 16 * 1024 * 1024
"""A transaction needs seven times its texts' bytes of Neo4j's memory (measured: 716 MiB do not hold 102 texts of 1 MB),
and one that never fits would be repeated for ever. Batches of usual records, about 1 kB each, are far smaller."""


class PartitionQueue:
    """A queue of chunks. ``put`` never blocks: the record buffer makes the consumer stop fetching instead."""

    def __init__(self, topic_partition: TopicPartition, buffer: RecordBuffer, clock: Clock) -> None:
        self._topic_partition = topic_partition
        self._buffer = buffer
        self._clock = clock
        self._chunks: deque[tuple[Chunk, int, float]] = deque()
        self.batch_since = 0.0
        """When the first record of the last batch came, in seconds of the monotonic clock."""
        self._arrived = asyncio.Event()
        self._interruption: Exception | None = None

    def __len__(self) -> int:
        return len(self._chunks)

    def put(self, chunk: Chunk) -> None:
        size = chunk.size_bytes()
        self._buffer.add(self._topic_partition, size)
        self._chunks.append((chunk, size, self._clock.monotonic()))
        self._arrived.set()

    def interrupt(self, error: Exception | None) -> None:
        """Raise an error in the next ``batch`` that has no record yet; ``None`` takes it back."""
        self._interruption = error
        self._arrived.set()

    async def batch(self, policy: Now[Batch]) -> Sequence[Record]:
        """Wait for records; return once there are ``max_rows``, or ``max_wait_ms`` after the first came.

        Whole chunks are taken, so a batch can exceed ``max_rows``, and ``LARGEST_BATCH_BYTES``, by less than one chunk.
        """
        while not self._chunks:
            if self._interruption is not None:
                raise self._interruption
            await self._arrival(None)
        self.batch_since = self._chunks[0][2]
        records: list[Record] = []
        taken_bytes = 0
        deadline = self._clock.monotonic() + policy().max_wait_ms / 1000
        while len(records) < policy().max_rows and taken_bytes < LARGEST_BATCH_BYTES:
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
        chunk, size, _ = self._chunks.popleft()
        self._buffer.remove(self._topic_partition, size)
        return chunk, size

    async def _arrival(self, timeout_seconds: float | None) -> bool:
        self._arrived.clear()
        try:
            await asyncio.wait_for(self._arrived.wait(), timeout_seconds)
        except TimeoutError:
            return False
        return True

    def oldest_ms(self) -> int | None:
        """Return the timestamp of the first waiting record, epoch milliseconds."""
        return self._chunks[0][0].records[0].timestamp if self._chunks else None

    def discard(self) -> None:
        """Drop all waiting chunks, because the partition is revoked and its next owner reads them again."""
        while self._chunks:
            self._take()
