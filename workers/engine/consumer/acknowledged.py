"""The one place that acknowledges: which offsets Kafka may be told are done."""

from workers.core.record import TopicPartition


class Acknowledged:
    """Per partition, the next offset to read after all that is durable in the graph and in the table.

    Faust's own acknowledgement is not used: it commits past records in flight, and acknowledges what raised
    (faust-streaming #606; reproduced against 0.15.3). The consumer commits these offsets and no others.
    """

    def __init__(self) -> None:
        self._next_offsets: dict[TopicPartition, int] = {}

    def acknowledge(self, topic_partition: TopicPartition, through: int) -> None:
        """Mark everything up to and with offset ``through`` as done; never goes back."""
        current = self._next_offsets.get(topic_partition, 0)
        self._next_offsets[topic_partition] = max(current, through + 1)

    def next_offsets(self) -> dict[TopicPartition, int]:
        """The offsets to commit, by partition."""
        return dict(self._next_offsets)

    def forget(self) -> None:
        """Partitions are being revoked: what their next owner acknowledges is the next owner's."""
        self._next_offsets.clear()
