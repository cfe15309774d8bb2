"""What intake hands on: the records of one fetch from one partition, as a single Faust message."""

from collections.abc import Sequence
from dataclasses import dataclass

from workers.core.record import Record, TopicPartition

RECORD_OVERHEAD_BYTES = 200
"""What a record weighs in memory beside its key and value: the object and its offsets, measured roughly."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one partition, in offset order.

    Faust's machinery costs 80-110 µs a message; a chunk of 500 records makes that 0.2 µs a record.
    ``seek`` counts the consumer's seeks: a chunk from before the last one is stale. ``follows`` is the offset
    after the last record handed on since that seek, ``None`` for the first: a partition task whose own count
    differs knows that a chunk was dropped on the way. ``sought`` is the committed offset that this seek went to,
    ``None`` where there was none.
    """

    topic_partition: TopicPartition
    records: Sequence[Record]
    seek: int
    follows: int | None
    sought: int | None = None

    @property
    def first_offset(self) -> int:
        return self.records[0].offset

    @property
    def last_offset(self) -> int:
        return self.records[-1].offset

    def size_bytes(self) -> int:
        """Bytes this chunk holds in memory, for the intake's budget."""
        return sum(len(r.key or b"") + len(r.value or b"") + RECORD_OVERHEAD_BYTES for r in self.records)
