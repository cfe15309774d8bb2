"""The topic of the change events, made before Debezium writes: Connect would make it with one partition."""

from collections.abc import Mapping

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topic_plan import plan_topics
from workers.adapters.kafka.topics import apply_changes, present_topics
from workers.config.settings import KafkaSettings, Settings
from workers.config.topics import dead_letter_topic
from workers.core.errors import Misconfigured
from workers.pipelines.fleet import load_topology

CHANGES = "registry-changes"


def ensure_change_topic(environment: Mapping[str, str]) -> int:
    """Make the topic, and that of its dead letters, as topology.yaml has them; return its number of partitions.

    Raises ``Misconfigured`` when the topology has no such topic, or Kafka's has another number of partitions;
    ``Unreachable``.
    """
    path = Settings.from_environment().topology_path
    topology = load_topology(path)
    if CHANGES not in topology.topics:
        raise Misconfigured(f"{path} has no topic {CHANGES}, which --with cdc writes to: add it.")
    wanted = {topic: topology.all_topics[topic] for topic in (CHANGES, dead_letter_topic(CHANGES))}
    admin = Admin(KafkaSettings(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"]))
    plan = plan_topics(wanted, present_topics(admin, wanted))
    if plan.refusals:
        raise Misconfigured("; ".join(plan.refusals))
    apply_changes(admin, plan.changes, replication_factor=topology.replication_factor, execute=True)
    return wanted[CHANGES].partitions
