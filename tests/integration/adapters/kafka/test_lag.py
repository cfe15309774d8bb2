"""The lag of groups in a real Kafka (``KAFKA_BOOTSTRAP_SERVERS``), with unique names."""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.lag import PartitionLag, group_lag, group_members
from workers.adapters.kafka.topics import apply_topology
from workers.adapters.kafka.transactions import Transactions
from workers.config.settings import KafkaSettings, Settings
from workers.config.topics import TopicSpec
from workers.config.topology import Topology
from workers.config.worker_options import WorkerOptions
from workers.core.errors import Misconfigured
from workers.core.record import OutgoingRecord


@pytest.fixture
def kafka() -> KafkaSettings:
    return Settings.from_environment().kafka


@pytest.fixture
def topic(kafka: KafkaSettings) -> Iterator[str]:
    """Yield a topic of two partitions; the first has three records."""
    name = f"lag-{uuid4().hex}"
    worker = WorkerOptions(topic=name, group=name)
    apply_topology(kafka, Topology(topics={name: TopicSpec(partitions=2)}, workers={"reader": worker}), execute=True)
    producer = Producer(librdkafka_config(kafka))
    for _ in range(3):
        producer.produce(name, b"value", partition=0)
    assert producer.flush(10) == 0
    yield name
    admin = Admin(kafka)
    admin.results(admin.client.delete_topics([name, f"{name}.dlq"]))


def commit(kafka: KafkaSettings, group: str, topic: str, offset: int) -> None:
    consumer = Consumer({**librdkafka_config(kafka), "group.id": group})
    consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()


def test_a_group_that_never_committed_has_everything_before_it(kafka: KafkaSettings, topic: str) -> None:
    assert group_lag(kafka, f"{topic}-group", topic) == {0: PartitionLag(3, None, 3), 1: PartitionLag(0, None, 0)}


def test_lag_is_counted_from_the_committed_offset(kafka: KafkaSettings, topic: str) -> None:
    commit(kafka, f"{topic}-group", topic, 2)

    assert group_lag(kafka, f"{topic}-group", topic) == {0: PartitionLag(3, 2, 1), 1: PartitionLag(0, None, 0)}


def test_the_end_of_a_transaction_is_no_record(kafka: KafkaSettings, topic: str) -> None:
    Transactions(kafka, topic).send([OutgoingRecord(topic, None, b"value", 0)])
    deadline = time.monotonic() + 30
    while group_lag(kafka, f"{topic}-group", topic)[0].end_offset < 5:  # the commit returns before its marker is there
        assert time.monotonic() < deadline, "the transaction does not end"
    assert group_lag(kafka, f"{topic}-group", topic)[0] == PartitionLag(5, None, 4)

    commit(kafka, f"{topic}-group", topic, 4)
    assert group_lag(kafka, f"{topic}-group", topic)[0] == PartitionLag(5, 4, 0)


def test_records_that_retention_took_away_do_not_count(kafka: KafkaSettings, topic: str) -> None:
    commit(kafka, f"{topic}-group", topic, 1)
    admin = Admin(kafka)
    admin.results(admin.client.delete_records([TopicPartition(topic, 0, 2)]))

    assert group_lag(kafka, f"{topic}-group", topic)[0] == PartitionLag(3, 1, 1)


def test_a_topic_that_does_not_exist_has_no_lag(kafka: KafkaSettings) -> None:
    with pytest.raises(Misconfigured, match="there is no topic lag-nowhere"):
        group_lag(kafka, "anybody", "lag-nowhere")


def test_members_are_those_who_have_joined(kafka: KafkaSettings, topic: str) -> None:
    group = f"{topic}-group"
    assert group_members(Admin(kafka), group) == []

    consumer = Consumer(
        {**librdkafka_config(kafka), "group.id": group, "auto.offset.reset": "earliest", "client.id": "anna"}
    )
    consumer.subscribe([topic])
    assert consumer.poll(30) is not None  # a record arrives only after the group has been joined
    (member,) = group_members(Admin(kafka), group)
    assert member.startswith("anna (")
    consumer.close()
    assert group_members(Admin(kafka), group) == []
