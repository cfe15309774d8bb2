"""What Kafka says about a topic now: its identity, and where each of its partitions ends."""

import asyncio

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.core.ports import TopicState

ANSWER_SECONDS = 5.0


class KafkaTopicStates:
    """Asks Kafka about one topic, over one connection. Another UUID means that it was deleted and created again."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._admin = Admin(kafka, timeout_seconds=ANSWER_SECONDS)
        self._topic = topic
        self._known: TopicState | None = None
        self._asking = asyncio.Lock()

    def forget(self) -> None:
        """Ask Kafka again at the next ``last``, because partitions were assigned again."""
        self._known = None

    async def last(self) -> TopicState:
        """Return the latest answer; ask where there is none. Raises ``Retryable``."""
        async with self._asking:
            return self._known or await self._ask()

    async def now(self) -> TopicState:
        """Ask Kafka. Raises ``Retryable``."""
        async with self._asking:
            return await self._ask()

    async def _ask(self) -> TopicState:
        try:
            self._known = await asyncio.to_thread(self._answer)
        except (Unreachable, Misconfigured) as error:
            raise Retryable(str(error)) from error
        except KafkaException as error:  # such as a topic that this broker does not know yet
            raise Retryable(f"Kafka cannot describe the topic {self._topic}: {error.args[0].str()}") from error
        return self._known

    def _answer(self) -> TopicState:
        """Blocks. The end of a partition is that of its committed transactions, the last stable offset."""
        admin, topic = self._admin, self._topic
        described = admin.client.describe_topics(TopicCollection([topic]), request_timeout=admin.timeout_seconds)
        found = admin.results(described)[topic]
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # it has no types
        ends = admin.results(
            admin.client.list_offsets(
                {TopicPartition(topic, number): latest for number in range(len(found.partitions))},
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=admin.timeout_seconds,
            )
        )
        return TopicState(str(found.topic_id), {partition.partition: end.offset for partition, end in ends.items()})
