"""The offsets that may be committed to Kafka. Nothing else decides about commits."""

from workers.core.record import TopicPartition


class Acknowledged:
    """Per partition, the next offset to read after everything that is stored in the graph.

    Faust's own acknowledgement is not used: it commits past records in flight, and acknowledges records whose agent
    raised (faust-streaming #606, reproduced with 0.15.3). The consumer commits these offsets and no others.
    """

    def __init__(self) -> None:
        self._next_offsets: dict[TopicPartition, int] = {}

    def acknowledge(self, topic_partition: TopicPartition, through: int) -> None:
        """Mark all records up to and with offset ``through`` as stored; never goes back."""
        current = self._next_offsets.get(topic_partition, 0)
        self._next_offsets[topic_partition] = max(current, through + 1)

    def next_offsets(self) -> dict[TopicPartition, int]:
        """Return the offsets to commit, by partition."""
        return dict(self._next_offsets)

    def forget(self) -> None:
        """Forget all offsets, because the partitions are revoked or read again."""
        self._next_offsets.clear()
