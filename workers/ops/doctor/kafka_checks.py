"""Kafka: does it answer, does it let us in, are the topics there as the topology says."""

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.lag import group_lag, group_members
from workers.adapters.kafka.topic_plan import TopicState, plan_topics
from workers.adapters.kafka.topics import present_topics
from workers.config.settings import KafkaSettings
from workers.config.topology import Topology
from workers.config.worker_options import WorkerOptions
from workers.core.errors import Misconfigured, Unreachable
from workers.ops.doctor.finding import Finding, failed, ok, problem

APPLY = "`memory-graph topology apply --execute`"


def check_kafka(settings: KafkaSettings, topology: Topology) -> list[Finding]:
    """Check the brokers, each topic, and each worker's group. Blocks; asks nothing more of brokers that are away."""
    try:
        present = present_topics(Admin(settings), topology.all_topics)
    except (Misconfigured, Unreachable) as error:
        return [failed("kafka", error)]
    groups = [
        check_group(settings, name, worker) for name, worker in topology.workers.items() if worker.topic in present
    ]
    return [_login(settings), *check_topics(topology, present), *groups]


def check_topics(topology: Topology, present: dict[str, TopicState]) -> list[Finding]:
    """Compare each topic with what the topology says of it."""
    return [_check_topic(topology, topic, present) for topic in topology.all_topics]


def _login(settings: KafkaSettings) -> Finding:
    who = f" and lets {settings.username} in" if settings.uses_sasl else ""
    return ok("kafka", f"{settings.bootstrap_servers} answers over {settings.security_protocol}{who}")


def _check_topic(topology: Topology, topic: str, present: dict[str, TopicState]) -> Finding:
    check, state = f"topic {topic}", present.get(topic)
    if state is None:
        return problem(check, f"does not exist; create it with {APPLY}")
    plan = plan_topics({topic: topology.all_topics[topic]}, {topic: state})
    if plan.refusals:
        return problem(check, plan.refusals[0])
    if plan.changes:
        differences = ", ".join(change.summary for change in plan.changes)
        return problem(check, f"is not as topology.yaml says ({differences}); alter it with {APPLY}")
    return ok(check, f"{state.partitions} partitions, configured as topology.yaml says")


def check_group(settings: KafkaSettings, name: str, worker: WorkerOptions) -> Finding:
    """Check one worker's consumer group. Blocks."""
    check = f"worker {name}"
    try:
        behind = sum(partition.lag for partition in group_lag(settings, worker.group, worker.topic).values())
        members = len(group_members(Admin(settings), worker.group))
    except (Misconfigured, Unreachable) as error:
        return failed(check, error)
    return judge_group(check, name, worker.group, behind, members)


def judge_group(check: str, name: str, group: str, behind: int, members: int) -> Finding:
    """Lag is no problem while somebody works on it; lag that nobody works on is."""
    if behind and not members:
        return problem(
            check,
            f"group {group} is {behind:,} records behind and has no members; start `memory-graph worker {name}`",
        )
    return ok(check, f"group {group} is {behind:,} records behind; members: {members}")
