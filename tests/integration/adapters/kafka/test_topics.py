"""Topics of a real Kafka (``KAFKA_BOOTSTRAP_SERVERS``), with unique names."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_plan import Action
from workers.adapters.kafka.topics import apply_topology, present_topics
from workers.config.settings import KafkaSettings
from workers.config.topics import TopicSpec
from workers.config.topology import Topology
from workers.config.worker_options import WorkerOptions
from workers.core.errors import Misconfigured


@pytest.fixture
def topic(admin: Admin) -> Iterator[str]:
    name = f"topics-{uuid4().hex}"
    yield name
    left = [topic for topic in admin.topics() if topic.startswith(name)]
    if left:
        admin.results(admin.client.delete_topics(left))


def topology_of(topic: str, spec: TopicSpec) -> Topology:
    return Topology(topics={topic: spec}, workers={"reader": WorkerOptions(topic=topic, group=topic)})


def test_a_dry_run_says_what_would_be_created_and_creates_nothing(
    kafka: KafkaSettings, admin: Admin, topic: str
) -> None:
    plan = apply_topology(kafka, topology_of(topic, TopicSpec(partitions=2)))

    assert [(change.topic, change.action) for change in plan.changes] == [
        (topic, Action.CREATE),
        (f"{topic}.dlq", Action.CREATE),
    ]
    assert topic not in admin.topics()


def test_apply_creates_a_topic_and_its_dead_letters_and_then_finds_nothing_to_do(
    kafka: KafkaSettings, admin: Admin, topic: str
) -> None:
    spec = TopicSpec(partitions=3, key="trace_id", retention_hours=5, max_message_bytes=2_000_000)
    topology = topology_of(topic, spec)

    apply_topology(kafka, topology, execute=True)

    present = present_topics(admin, topology.all_topics)
    assert present[topic].partitions == present[f"{topic}.dlq"].partitions == 3
    assert present[topic].config["retention.ms"] == str(5 * 3_600_000)
    assert present[topic].config["max.message.bytes"] == "2000000"
    assert present[f"{topic}.dlq"].config["retention.ms"] == str(7 * 24 * 3_600_000)
    assert apply_topology(kafka, topology, execute=True).changes == []


def test_apply_alters_configs_and_leaves_those_it_does_not_name(kafka: KafkaSettings, admin: Admin, topic: str) -> None:
    before = TopicSpec(partitions=1, config={"segment.ms": 60_000})
    apply_topology(kafka, topology_of(topic, before), execute=True)

    plan = apply_topology(kafka, topology_of(topic, TopicSpec(partitions=1, retention_hours=1)), execute=True)

    assert [(change.topic, change.action) for change in plan.changes] == [(topic, Action.ALTER_CONFIG)]
    config = present_topics(admin, [topic])[topic].config
    assert (config["retention.ms"], config["segment.ms"]) == ("3600000", "60000")


def test_partitions_of_a_keyed_topic_are_added_only_when_insisted_on(
    kafka: KafkaSettings, admin: Admin, topic: str
) -> None:
    apply_topology(kafka, topology_of(topic, TopicSpec(partitions=1, key="trace_id")), execute=True)
    more = topology_of(topic, TopicSpec(partitions=4, key="trace_id", retention_hours=1))

    refused = apply_topology(kafka, more, execute=True)

    assert len(refused.refusals) == 1
    before = present_topics(admin, more.all_topics)
    assert (before[topic].partitions, before[f"{topic}.dlq"].partitions) == (1, 1)
    assert before[topic].config["retention.ms"] != "3600000"

    apply_topology(kafka, more, execute=True, allow_repartition=True)

    assert {admin.topics()[name] for name in more.all_topics} == {4}
    assert present_topics(admin, [topic])[topic].config["retention.ms"] == "3600000"


def test_taking_partitions_away_is_refused(kafka: KafkaSettings, admin: Admin, topic: str) -> None:
    apply_topology(kafka, topology_of(topic, TopicSpec(partitions=2)), execute=True)

    plan = apply_topology(kafka, topology_of(topic, TopicSpec(partitions=1)), execute=True, allow_repartition=True)

    assert len(plan.refusals) == 2
    assert "Kafka cannot take any away" in plan.refusals[0]
    assert admin.topics()[topic] == 2


@pytest.mark.parametrize("execute", [True, False])
def test_a_config_that_kafka_does_not_know_is_refused_in_its_words(
    kafka: KafkaSettings, topic: str, *, execute: bool
) -> None:
    wrong = TopicSpec(partitions=1, config={"retention.minutes": 1})

    with pytest.raises(Misconfigured, match=rf"Kafka refuses to create for {topic}: .*retention\.minutes"):
        apply_topology(kafka, topology_of(topic, wrong), execute=execute)
