"""Producing by key and reading part of a topic, with a real broker."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.keyed_producer import KeyedProducer, Sent
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.topics import await_leaders
from workers.config.settings import KafkaSettings
from workers.core.errors import Misconfigured, Unreachable
from workers.dev.stack.running import RunningStack


@pytest.fixture
def kafka(stack: RunningStack) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=stack.kafka)


@pytest.fixture
def topic(kafka: KafkaSettings) -> Iterator[str]:
    admin, name = Admin(kafka), f"reader-{uuid4().hex[:12]}"
    admin.result(admin.client.create_topics([NewTopic(name, 3, 1)])[name])
    await_leaders(admin, {name: 3})
    yield name
    admin.result(admin.client.delete_topics([name])[name])


async def test_what_was_produced_is_read_back_byte_for_byte_and_was_reported_where_it_is(
    kafka: KafkaSettings, topic: str
) -> None:
    producer, sent = KeyedProducer(kafka, topic), list[Sent]()
    for number in range(300):
        headers = [("n", str(number).encode()), ("n", None)]
        producer.produce(b"k%d" % (number % 20), None if number % 50 == 0 else b"v%d" % number, headers, sent.append)
    await producer.flush()
    reader = TopicReader(kafka, topic)
    records = list(reader.between({}, reader.end_offsets()))
    assert {(record.partition, record.offset) for record in records} == {(each.partition, each.offset) for each in sent}
    by_number = {int(record.headers[0][1] or b""): record for record in records}
    assert sorted(by_number) == list(range(300))
    assert by_number[50].value is None
    assert (by_number[51].key, by_number[51].value, by_number[51].headers[1]) == (b"k11", b"v51", ("n", None))


async def test_only_what_lies_between_the_offsets_is_read(kafka: KafkaSettings, topic: str) -> None:
    reader, producer = TopicReader(kafka, topic), KeyedProducer(kafka, topic)
    assert list(reader.between({}, reader.end_offsets())) == []
    producer.produce(b"key", b"before")
    await producer.flush()
    begin = reader.end_offsets()
    producer.produce(b"key", b"within")
    await producer.flush()
    end = reader.end_offsets()
    producer.produce(b"key", b"after")
    await producer.flush()
    assert [record.value for record in reader.between(begin, end)] == [b"within"]


async def test_keys_go_where_javas_clients_send_them(kafka: KafkaSettings, topic: str) -> None:
    producer = KeyedProducer(kafka, topic)
    for key in (b"21", b"foobar", b"a-little-bit-long-string"):
        producer.produce(key, b"")
    await producer.flush()
    reader = TopicReader(kafka, topic)
    records = reader.between({}, reader.end_offsets())
    # Kafka's own test vectors of murmur2 (org.apache.kafka.common.utils.UtilsTest.testMurmur2).
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert {record.key: record.partition for record in records} == {
        key: (value & 0x7FFF_FFFF) % 3 for key, value in hashes.items()
    }


def test_a_topic_that_is_not_there_is_named(kafka: KafkaSettings) -> None:
    with pytest.raises(Misconfigured, match="no topic never-made"):
        TopicReader(kafka, "never-made").end_offsets()


def test_a_broker_that_is_not_there_is_unreachable() -> None:
    nobody = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        TopicReader(nobody, "any").end_offsets()
