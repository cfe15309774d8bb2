"""The UUID of a topic's present life: another one means that it was deleted and made again."""

import asyncio

from workers.adapters.kafka.topics import topic_id
from workers.config.settings import KafkaSettings
from workers.core.errors import Retryable, Unreachable


class KafkaTopicIdentity:
    """Asks Kafka once per assignment: a topic cannot be recreated without one."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._known: dict[str, str] = {}
        self._asking = asyncio.Lock()

    def forget(self) -> None:
        """Forget the ids, because partitions were assigned again."""
        self._known.clear()

    async def of(self, topic: str) -> str:
        """Return the topic's UUID. Raises ``Retryable``."""
        async with self._asking:
            if topic not in self._known:
                try:
                    self._known[topic] = await asyncio.to_thread(topic_id, self._kafka, topic)
                except Unreachable as error:
                    raise Retryable(str(error)) from error
        return self._known[topic]
