"""Against a real Kafka: ``KAFKA_BOOTSTRAP_SERVERS`` names it."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.cimpl import NewTopic

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_state import KafkaTopicStates
from workers.config.settings import KafkaSettings
from workers.core.errors import Retryable
from workers.core.ports import TopicState


@pytest.fixture
def topic(admin: Admin) -> Iterator[str]:
    name = f"state-{uuid.uuid4().hex[:8]}"
    create(admin, name)
    yield name
    delete(admin, name)


def create(admin: Admin, topic: str) -> None:
    admin.results(admin.client.create_topics([NewTopic(topic, 2, 1)]))


def delete(admin: Admin, topic: str) -> None:
    admin.results(admin.client.delete_topics([topic]))


def transaction(kafka: KafkaSettings, topic: str, *, commits: bool) -> None:
    config: dict[str, Any] = {"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": topic}
    producer = Producer(config)
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(topic, b"value", partition=0)
    producer.flush()
    if commits:
        producer.commit_transaction()
    else:
        producer.abort_transaction()


async def now(states: KafkaTopicStates) -> TopicState:
    """Ask as the engine does: a new topic has no leaders for a moment."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await states.now()
            except Retryable:
                await asyncio.sleep(0.1)


async def test_a_topic_that_was_created_again_has_another_id(kafka: KafkaSettings, admin: Admin, topic: str) -> None:
    states = KafkaTopicStates(kafka, topic)
    first = await now(states)

    delete(admin, topic)
    create(admin, topic)

    assert await states.recent() == first, "an answer of the last second, without a request"
    assert (await now(states)).id != first.id
    assert (await states.recent()).id != first.id


async def test_the_ends_are_those_of_finished_transactions(kafka: KafkaSettings, topic: str) -> None:
    states = KafkaTopicStates(kafka, topic)
    assert (await now(states)).ends == {0: 0, 1: 0}

    transaction(kafka, topic, commits=True)
    transaction(kafka, topic, commits=False)

    async with asyncio.timeout(30):  # a transaction has ended before its marker can be seen
        while (await now(states)).ends != {0: 4, 1: 0}:  # a record and a marker each
            await asyncio.sleep(0.1)


async def test_a_topic_that_does_not_exist_is_waited_for(kafka: KafkaSettings) -> None:
    with pytest.raises(Retryable, match="missing"):
        await KafkaTopicStates(kafka, f"missing-{uuid.uuid4().hex}").now()
