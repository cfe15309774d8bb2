"""A Kafka topic as ``topology.yaml`` describes it, and the topic of its dead letters."""

from typing import Annotated

from pydantic import Field

from workers.config.block import Tunables

DEAD_LETTER_SUFFIX = ".dlq"
DEAD_LETTER_RETENTION_HOURS = 7 * 24
# A dead letter is the record as it came plus headers that say why it failed.
DEAD_LETTER_HEADROOM_BYTES = 1024 * 1024

# https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java,
# less the length of the suffix.
TopicName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{1,245}$")]


def dead_letter_topic(topic: str) -> str:
    """Name the topic of a topic's dead letters."""
    return topic + DEAD_LETTER_SUFFIX


class TopicSpec(Tunables):
    """One topic."""

    partitions: int = Field(ge=1, le=10_000, description="How many; also the most workers that share the work.")
    key: str | None = Field(
        default=None,
        # Partitions are then never added unasked: records of one key would go elsewhere than those before.
        description="What records are keyed by.",
    )
    retention_hours: int = Field(default=168, ge=1, le=876_000, description="How long records are kept.")
    max_message_bytes: int = Field(
        default=1_048_588, ge=1_024, le=1_073_741_824, description="Largest batch of records the brokers accept."
    )
    config: dict[str, bool | int | float | str] = Field(
        default={}, description="Further topic configs in Kafka's own names."
    )

    @property
    def kafka_config(self) -> dict[str, str]:
        """All topic configs in Kafka's names and spelling."""
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
        """The topic of this topic's dead letters: as many partitions, a little more room, kept for seven days."""
        return TopicSpec(
            partitions=self.partitions,
            retention_hours=DEAD_LETTER_RETENTION_HOURS,
            max_message_bytes=self.max_message_bytes + DEAD_LETTER_HEADROOM_BYTES,
        )
