"""The records of one fetch from one partition, as a single Faust message."""

from collections.abc import Sequence
from dataclasses import dataclass

from workers.core.record import Record, TopicPartition

RECORD_OVERHEAD_BYTES = 200
"""Memory of a record beside its key and value: the object and its offsets, a rough measurement."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one partition, in offset order.

    Faust's machinery costs 80-110 µs a message; a chunk of 500 records makes that 0.2 µs a record.

    ``seek``       number of the consumer's last seek: a chunk with a smaller number is stale
    ``follows``    the offset after the last record since that seek, ``None`` for the first chunk: a partition task
                   that expects another offset knows that a chunk was lost
    ``committed``  the committed offset that the seek went to, ``None`` where there was none
    """

    topic_partition: TopicPartition
    records: Sequence[Record]
    seek: int
    follows: int | None
    committed: int | None = None

    @property
    def first_offset(self) -> int:
        return self.records[0].offset

    @property
    def last_offset(self) -> int:
        return self.records[-1].offset

    def size_bytes(self) -> int:
        """Return the memory of this chunk in bytes, for the record buffer."""
        return sum(len(r.key or b"") + len(r.value or b"") + RECORD_OVERHEAD_BYTES for r in self.records)
