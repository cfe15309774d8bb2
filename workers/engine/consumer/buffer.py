"""How many bytes of fetched records may wait in this process, over all partitions."""

import asyncio
from collections import Counter

from workers.config.takes_effect import Now
from workers.core.record import TopicPartition


class RecordBuffer:
    """A byte budget: the consumer does not fetch from a partition that has used its share.

    Faust's own pause is never used, because it drops fetched records and commits past them. Not asking the fetcher
    for a partition loses nothing. A single record that is larger than the budget still passes, alone.
    """

    def __init__(self, budget_bytes: Now[int]) -> None:
        self._budget_bytes = budget_bytes
        self._held: Counter[TopicPartition] = Counter()
        self._room = asyncio.Event()

    @property
    def held_bytes(self) -> int:
        """Return the waiting bytes, over all partitions."""
        return self._held.total()

    @property
    def utilization_percent(self) -> float:
        """Return the used share of the budget, 0-100 (above 100 by at most one fetch)."""
        return 100.0 * self.held_bytes / self._budget_bytes()

    def add(self, topic_partition: TopicPartition, size_bytes: int) -> None:
        self._held[topic_partition] += size_bytes

    def remove(self, topic_partition: TopicPartition, size_bytes: int) -> None:
        self._held[topic_partition] -= size_bytes
        self._room.set()

    def clear(self) -> None:
        self._held.clear()
        self._room.set()

    def with_room(self, topic_partitions: set[TopicPartition]) -> set[TopicPartition]:
        """Return those of ``topic_partitions`` that use less than their equal share of the budget."""
        if not topic_partitions:
            return set()
        share = self._budget_bytes() / len(topic_partitions)
        return {each for each in topic_partitions if self._held[each] < share}

    async def wait_for_room(self, timeout_seconds: float) -> None:
        """Return as soon as records have been removed, or after the timeout."""
        self._room.clear()
        try:
            await asyncio.wait_for(self._room.wait(), timeout_seconds)
        except TimeoutError:
            return
