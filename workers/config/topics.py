"""A Kafka topic in ``topology.yaml``, and its dead-letter topic."""

from typing import Annotated

from pydantic import Field

from workers.config.block import Block
from workers.config.takes_effect import Apply

DEAD_LETTER_SUFFIX = ".dlq"
DEAD_LETTER_RETENTION_HOURS = 7 * 24
# A dead letter is the unchanged record and headers that say why it failed.
DEAD_LETTER_HEADROOM_BYTES = 1024 * 1024

# https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java,
# less the length of the suffix.
TopicName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,245}$")]


def dead_letter_topic(topic: str) -> str:
    """Return the name of a topic's dead-letter topic."""
    return topic + DEAD_LETTER_SUFFIX


class TopicSpec(Block):
    """One topic."""

    partitions: Apply[int] = Field(
        ge=1,
        le=10_000,
        description="Number of partitions, which is also the largest useful number of worker processes.",
    )
    key: Apply[str | None] = Field(
        default=None,
        # With a key, partitions are never added without a flag: records of one key would change their partition.
        description="The field that records are keyed by.",
    )
    retention_hours: Apply[int] = Field(default=168, ge=1, le=876_000, description="How long records are kept.")
    max_message_bytes: Apply[int] = Field(
        default=1_048_588, ge=1_024, le=1_073_741_824, description="Largest batch of records the brokers accept."
    )
    config: Apply[dict[str, bool | int | float | str]] = Field(
        default={}, description="Further topic configs in Kafka's own names."
    )

    @property
    def kafka_config(self) -> dict[str, str]:
        """Return all topic configs with Kafka's names and value formats."""
        return {
            "retention.ms": str(self.retention_hours * 3_600_000),
            "max.message.bytes": str(self.max_message_bytes),
            **{
                name: str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in self.config.items()
            },
        }

    @property
    def dead_letters(self) -> "TopicSpec":
        """Return its dead-letter topic: as many partitions, 1 MiB more per message, kept for seven days."""
        return TopicSpec(
            partitions=self.partitions,
            retention_hours=DEAD_LETTER_RETENTION_HOURS,
            max_message_bytes=self.max_message_bytes + DEAD_LETTER_HEADROOM_BYTES,
        )
