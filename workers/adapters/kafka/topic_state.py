"""What Kafka says about a topic now: its identity, and where each of its partitions ends."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from workers.adapters.kafka.access.acls import Acl
from workers.adapters.kafka.access.permissions import require_allowed
from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.core.ports import TopicState

ResultT = TypeVar("ResultT")

ANSWER_SECONDS = 5.0
RECENT_SECONDS = 1.0
"""Every batch asks for a recent answer. Nobody deletes a topic, creates it and fills it past a position so quickly."""


class KafkaTopicStates:
    """Asks Kafka about one topic, over one connection. Another UUID means that it was deleted and created again."""

    def __init__(self, kafka: KafkaSettings, topic: str, needs: Sequence[Acl] = ()) -> None:
        self._needs = needs
        self._admin = Admin(kafka, timeout_seconds=ANSWER_SECONDS)
        self._topic = topic
        self._known: TopicState | None = None
        self._asked_at = 0.0
        self._asking = asyncio.Lock()

    async def recent(self) -> TopicState:
        """Return an answer to a question of the last second; ask where there is none. Raises ``Retryable``."""
        async with self._asking:
            known = self._known if time.monotonic() - self._asked_at <= RECENT_SECONDS else None
            return known or await self._ask()

    async def now(self) -> TopicState:
        """Ask Kafka, also whether it still allows what the worker needs. Raises ``Retryable``."""
        async with self._asking:
            state = await self._ask()
            await _retryable(lambda: require_allowed(self._admin, self._needs))
            return state

    async def _ask(self) -> TopicState:
        asked_at = time.monotonic()
        try:
            self._known = await _retryable(self._state)
        except KafkaException as error:  # such as a topic that this broker does not know yet
            raise Retryable(f"Kafka cannot describe the topic {self._topic}: {error.args[0].str()}") from error
        self._asked_at = asked_at
        return self._known

    def _state(self) -> TopicState:
        try:
            return topic_state(self._admin, self._topic)
        except Misconfigured:
            require_allowed(self._admin, self._needs)  # its sentence names all that is missing
            raise


async def _retryable(ask: Callable[[], ResultT]) -> ResultT:
    """Ask in a thread. What an operator must repair is tried again, too: the worker waits for it."""
    try:
        return await asyncio.to_thread(ask)
    except (Unreachable, Misconfigured) as error:
        raise Retryable(str(error)) from error


def topic_state(admin: Admin, topic: str) -> TopicState:
    """Ask Kafka. Blocks. The end of a partition is that of its committed transactions, the last stable offset.

    Raises ``Unreachable``, ``Misconfigured``, and ``KafkaException``, such as for a topic that does not exist.
    """
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
