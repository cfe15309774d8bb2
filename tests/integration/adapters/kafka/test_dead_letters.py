"""Tests with a real Kafka at ``KAFKA_BOOTSTRAP_SERVERS``."""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from workers.adapters.kafka.dead_letters import KafkaDeadLetters
from workers.adapters.kafka.headers import headers_of
from workers.core.dead_letter import DeadLetter
from workers.core.errors import NeedsOperator, Retryable
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage

PARTITIONS = 3
FAILED_AT = time.time_ns() // 1_000_000
TEN_MEBIBYTES = 10 * 1024 * 1024
TIMEOUT_SECONDS = 30.0


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]}


@contextmanager
def topic_of(config: dict[str, Any], **topic_config: str) -> Iterator[str]:
    """Yield the name of a source topic; only its dead-letter topic exists."""
    admin = AdminClient(config)
    source = f"dead-letters-{uuid.uuid4().hex[:8]}"
    created = admin.create_topics([NewTopic(f"{source}.dlq", PARTITIONS, 1, config=topic_config)])
    for future in created.values():
        future.result(TIMEOUT_SECONDS)
    yield source
    for future in admin.delete_topics([f"{source}.dlq"]).values():
        future.result(TIMEOUT_SECONDS)


@pytest.fixture
def source(config: dict[str, Any]) -> Iterator[str]:
    with topic_of(config, **{"max.message.bytes": str(2 * TEN_MEBIBYTES)}) as name:
        yield name


@pytest.fixture
async def dead_letters(config: dict[str, Any]) -> AsyncIterator[KafkaDeadLetters]:
    opened = KafkaDeadLetters(config)
    yield opened
    await opened.aclose()


def letter_of(record: ConsumedRecord) -> DeadLetter:
    return DeadLetter(record, "group", "telemetry", Stage.DECODE, "avro.bad_magic", "why", "E", FAILED_AT)


def records_in(config: dict[str, Any], topic: str, partition: int, count: int) -> list[Message]:
    consumer = Consumer({**config, "group.id": topic, "fetch.message.max.bytes": 2 * TEN_MEBIBYTES})
    consumer.assign([TopicPartition(topic, partition, 0)])
    try:
        found: list[Message] = []
        while len(found) < count:
            message = consumer.poll(TIMEOUT_SECONDS)
            assert message is not None, f"only {len(found)} of {count} records arrived"
            assert message.error() is None
            found.append(message)
        return found
    finally:
        consumer.close()


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"trace", b"\x00\x00\x00\x00\x01\xff"), (None, b"x"), (b"", b""), (b"\xff", None)],
    ids=["bytes", "no key", "empty", "tombstone"],
)
async def test_key_value_timestamp_headers_and_partition_arrive_as_they_were(
    config: dict[str, Any], dead_letters: KafkaDeadLetters, source: str, key: bytes | None, value: bytes | None
) -> None:
    headers = [("b", b"\xff\x00"), ("a", None), ("b", b""), ("a", b"2")]
    letter = letter_of(ConsumedRecord(source, 2, 7, FAILED_AT - 3_600_000, key, value, headers))
    await dead_letters.publish([letter])
    (message,) = await asyncio.to_thread(records_in, config, f"{source}.dlq", 2, 1)
    assert (message.key(), message.value()) == (key, value)
    assert message.timestamp() == (TIMESTAMP_CREATE_TIME, FAILED_AT - 3_600_000)
    assert message.headers() == headers_of(letter)


async def test_a_record_older_than_the_retention_gets_a_timestamp_that_keeps_its_dead_letter_alive(
    config: dict[str, Any], dead_letters: KafkaDeadLetters, source: str
) -> None:
    stamped = FAILED_AT - 30 * 24 * 3_600_000
    await dead_letters.publish([letter_of(ConsumedRecord(source, 0, 0, stamped, b"k", b"v"))])
    (message,) = await asyncio.to_thread(records_in, config, f"{source}.dlq", 0, 1)
    assert message.timestamp() == (TIMESTAMP_CREATE_TIME, FAILED_AT)
    assert ("__dlq.errors.timestamp", str(stamped).encode()) in (message.headers() or [])


async def test_ten_mebibytes_pass(config: dict[str, Any], dead_letters: KafkaDeadLetters, source: str) -> None:
    value = os.urandom(TEN_MEBIBYTES)
    await dead_letters.publish([letter_of(ConsumedRecord(source, 0, 0, 1, b"k", value))])
    (message,) = await asyncio.to_thread(records_in, config, f"{source}.dlq", 0, 1)
    assert message.value() == value


async def test_all_are_confirmed_and_each_partition_keeps_its_order(
    config: dict[str, Any], dead_letters: KafkaDeadLetters, source: str
) -> None:
    letters = [
        letter_of(ConsumedRecord(source, number % PARTITIONS, number, 1, b"k", b"%d" % number))
        for number in range(3_000)
    ]
    await dead_letters.publish(letters[:2_000])
    await dead_letters.publish(letters[2_000:])
    for partition in range(PARTITIONS):
        found = await asyncio.to_thread(records_in, config, f"{source}.dlq", partition, 1_000)
        assert [int(message.value() or b"") for message in found] == list(range(partition, 3_000, PARTITIONS))


async def test_nothing_to_publish_is_published_at_once(dead_letters: KafkaDeadLetters) -> None:
    await asyncio.wait_for(dead_letters.publish([]), TIMEOUT_SECONDS)


async def test_a_letter_that_is_too_large_for_its_topic_is_no_outage_and_the_fix_is_named(
    config: dict[str, Any], dead_letters: KafkaDeadLetters
) -> None:
    with topic_of(config, **{"max.message.bytes": "2000"}) as source:
        letter = letter_of(ConsumedRecord(source, 0, 0, 1, b"k", os.urandom(3_000)))
        with pytest.raises(NeedsOperator, match=rf"{source}\.dlq.*max.message.bytes"):
            await dead_letters.publish([letter])
        small = letter_of(ConsumedRecord(source, 0, 1, 1, b"k", b"small"))
        await dead_letters.publish([small])
        (message,) = await asyncio.to_thread(records_in, config, f"{source}.dlq", 0, 1)
    assert message.value() == b"small"


async def test_a_partition_that_the_dead_letters_lack_is_retryable(dead_letters: KafkaDeadLetters, source: str) -> None:
    with pytest.raises(Retryable, match=r"\.dlq"):
        await dead_letters.publish([letter_of(ConsumedRecord(source, PARTITIONS, 0, 1, b"k", b"v"))])


async def test_a_broker_that_is_away_is_retryable() -> None:
    away = KafkaDeadLetters({"bootstrap.servers": "127.0.0.1:9", "delivery.timeout.ms": 500, "log_level": 0})
    try:
        with pytest.raises(Retryable, match=r"events\.dlq"):
            await away.publish([letter_of(ConsumedRecord("events", 0, 0, 1, b"k", b"v"))])
    finally:
        await away.aclose()
