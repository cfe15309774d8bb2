"""Topics in Kafka: how they are, what they are called inside, and changing them to match the topology."""

import time
from collections.abc import Collection, Mapping, Sequence

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them, but not in the type checker's way
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_plan import Action, TopicChange, TopicPlan, TopicState, plan_topics
from workers.config.settings import KafkaSettings
from workers.config.topology import Topology
from workers.core.errors import Misconfigured, Unreachable

LEADERS_WITHIN_SECONDS = 30.0


def present_topics(admin: Admin, topics: Collection[str]) -> dict[str, TopicState]:
    """Describe those of ``topics`` that exist. Raises ``Unreachable``, ``Misconfigured``."""
    partitions = admin.topics()
    resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics if topic in partitions]
    if not resources:
        return {}
    answers = admin.client.describe_configs(resources, request_timeout=admin.timeout_seconds)
    return {
        resource.name: TopicState(
            partitions[resource.name],
            {name: entry.value for name, entry in entries.items() if entry.value is not None},
        )
        for resource, entries in admin.results(answers).items()
    }


def apply_topology(
    kafka: KafkaSettings, topology: Topology, *, execute: bool = False, allow_repartition: bool = False
) -> TopicPlan:
    """Make Kafka's topics those of the topology; without ``execute`` the brokers only check what would be done.

    Returns what was or would be done. A plan with refusals is not executed, not in part either.
    Raises ``Misconfigured`` (a config that Kafka does not take), ``Unreachable``.
    """
    admin = Admin(kafka)
    wanted = topology.all_topics
    plan = plan_topics(wanted, present_topics(admin, wanted), allow_repartition=allow_repartition)
    do_it = execute and not plan.refusals
    apply_changes(admin, plan.changes, replication_factor=topology.replication_factor, execute=do_it)
    return plan


def apply_changes(admin: Admin, changes: Sequence[TopicChange], *, replication_factor: int, execute: bool) -> None:
    """Make the changes, or let the brokers only check them (``execute=False``); return when they have taken effect.

    Raises ``Misconfigured`` with the broker's reason for the first change it refuses, ``Unreachable``.
    """
    for change in changes:
        try:
            _apply(admin, change, replication_factor, execute=execute)
        except KafkaException as error:
            raise Misconfigured(
                f"Kafka refuses to {change.action} for {change.topic}: {error.args[0].str()}; mend topology.yaml"
            ) from None
    if execute:
        await_leaders(admin, {change.topic: change.partitions for change in changes})


def _apply(admin: Admin, change: TopicChange, replication_factor: int, *, execute: bool) -> None:
    checked_only = {"validate_only": not execute, "request_timeout": admin.timeout_seconds}
    match change.action:
        case Action.CREATE:
            topic = NewTopic(
                change.topic,
                num_partitions=change.partitions,
                replication_factor=replication_factor,
                config=dict(change.config),
            )
            answers = [*admin.client.create_topics([topic], **checked_only).values()]
        case Action.ADD_PARTITIONS:
            more = NewPartitions(change.topic, change.partitions)
            answers = [*admin.client.create_partitions([more], **checked_only).values()]
        case Action.ALTER_CONFIG:
            entries = [
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in change.config.items()
            ]
            resource = ConfigResource(ResourceType.TOPIC, change.topic, incremental_configs=entries)
            answers = [*admin.client.incremental_alter_configs([resource], **checked_only).values()]
    for future in answers:
        admin.result(future)


def await_leaders(admin: Admin, partitions: dict[str, int]) -> None:
    """Return when each topic has so many partitions with leaders: a broker learns of them after it said done."""
    deadline = time.monotonic() + LEADERS_WITHIN_SECONDS
    while True:
        metadata = admin.asked(lambda: admin.client.list_topics(timeout=admin.timeout_seconds)).topics
        leaderless = [
            topic
            for topic, count in partitions.items()
            if topic not in metadata or sum(p.leader >= 0 for p in metadata[topic].partitions.values()) < count
        ]
        if not leaderless:
            return
        if time.monotonic() > deadline:
            raise Unreachable(
                f"Kafka has made {', '.join(leaderless)}, but names no leader for each partition; look at its log"
            )
        time.sleep(0.05)


def topic_id(admin: Admin, topic: str) -> str:
    """Return the UUID of a topic: another one of the same name has another. Raises ``Misconfigured``."""
    described = admin.client.describe_topics(TopicCollection([topic]), request_timeout=admin.timeout_seconds)
    try:
        return str(admin.results(described)[topic].topic_id)
    except KafkaException as error:
        raise Misconfigured(f"there is no topic {topic}: {error.args[0].str()}") from None


def create_beside(admin: Admin, topic: str, name: str) -> None:
    """Create a topic of one partition for notes about another one's records, which it outlives.

    Kafka keeps a record up to ``retention.ms`` after its segment ended, and ends one after ``segment.ms``.
    """
    present = present_topics(admin, [topic, name])
    if name in present:
        return
    config = present[topic].config
    retention, segment = int(config["retention.ms"]), int(config["segment.ms"])
    kept = "-1" if retention < 0 else str(retention + 2 * segment)
    replicas = len(
        admin.asked(lambda: admin.client.list_topics(topic, timeout=admin.timeout_seconds))
        .topics[topic]
        .partitions[0]
        .replicas
    )
    created = TopicChange(name, Action.CREATE, 1, {"retention.ms": kept}, "")
    apply_changes(admin, [created], replication_factor=replicas, execute=True)


def delete_records(admin: Admin, topic: str, up_to: Mapping[int, int]) -> None:
    """Delete the records of each partition before an offset. Raises ``Misconfigured``, ``Unreachable``."""
    partitions = [TopicPartition(topic, number, offset) for number, offset in up_to.items()]
    try:
        admin.results(admin.client.delete_records(partitions, request_timeout=admin.timeout_seconds))
    except KafkaException as error:
        raise Misconfigured(f"Kafka does not delete records of {topic}: {error.args[0].str()}") from None
