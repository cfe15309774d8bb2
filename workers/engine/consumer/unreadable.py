"""Batches of Kafka that cannot be read, because a disk, a network card or a memory has changed their bytes.

aiokafka raises an error for such a batch, instead of the records that it has read before it, and Faust then ends the
process. So one batch would end every worker that gets its partition, one after the other. Here a fetch ends before the
batch, the other partitions go on, and the batch is tried again: another replica, or the next leader, may have it whole.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords  # type: ignore[import-untyped]  # it ships no types

from workers.core.record import TopicPartition

RETRY_SECONDS = 5.0
FORGOTTEN_AFTER_SECONDS = 3 * RETRY_SECONDS
"""A batch that still cannot be read is noted again long before."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A batch that could not be read: its offsets from ``first`` to before ``end``, and why not."""

    first: int
    end: int
    reason: str

    def explained(self, topic_partition: TopicPartition) -> str:
        """Return a sentence for the operator."""
        return (
            f"{topic_partition} waits: Kafka's records {self.first} to {self.end - 1} cannot be read ({self.reason}). "
            f"Make another replica the leader, or delete the records before {self.end}: helm/monitoring/DISASTERS.md"
        )


class UnreadableBatches:
    """The batch of each partition that could not be read. The consumer's thread adds them, others ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: dict[TopicPartition, tuple[float, Unreadable]] = {}

    def add(self, topic_partition: TopicPartition, batch: Unreadable) -> None:
        """Note an attempt that has failed."""
        self._found[topic_partition] = self._clock(), batch

    def waiting(self) -> set[TopicPartition]:
        """Return the partitions that are not to be fetched from until their next attempt."""
        return set(self._not_older_than(RETRY_SECONDS))

    def now(self) -> dict[TopicPartition, Unreadable]:
        """Return what cannot be read; what was not tried again for a while is forgotten."""
        return self._not_older_than(FORGOTTEN_AFTER_SECONDS)

    def _not_older_than(self, seconds: float) -> dict[TopicPartition, Unreadable]:
        since = self._clock() - seconds
        return {partition: batch for partition, (at, batch) in list(self._found.items()) if at > since}


class ReadableRecords(PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's records of one fetch from one partition, until the first batch that cannot be read."""

    def __init__(self, note: Callable[[TopicPartition, Unreadable], None], tp: Any, records: Any, *rest: Any) -> None:
        self._note = note
        self._batches = _Batches(records)
        super().__init__(tp, self._batches, *rest)

    def _unpack_records(self) -> Iterator[Any]:
        try:
            yield from super()._unpack_records()
        except Exception as error:  # noqa: BLE001 - whatever changed bytes lead to: a checksum, a codec, a length
            first, end = self.next_fetch_offset, self._batches.end(self.next_fetch_offset)
            self._note(TopicPartition(*self._tp), Unreadable(first, end, f"{type(error).__name__}: {error}"))


class _Batches:
    """The batches of a fetch, with the last one that was begun."""

    def __init__(self, records: Any) -> None:
        self.has_next: Callable[[], bool] = records.has_next
        self._next_batch = records.next_batch
        self._last: Any = None

    def next_batch(self) -> Any:
        self._last = self._next_batch()
        return self._last

    def end(self, at_least: int) -> int:
        """Return the offset after the last batch, as far as its header can be believed."""
        return max(at_least + 1, self._last.next_offset if self._last is not None else 0)
