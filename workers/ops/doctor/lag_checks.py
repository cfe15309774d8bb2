"""Consumer groups: how far each worker is behind, and whether anybody is at work on it."""

from workers.adapters.kafka.groups import group_members
from workers.adapters.kafka.lag import group_lag
from workers.config.settings import KafkaSettings
from workers.config.worker_options import WorkerOptions
from workers.core.errors import Misconfigured, Unreachable
from workers.ops.doctor.finding import Finding, failed, ok, problem


def check_group(settings: KafkaSettings, name: str, worker: WorkerOptions) -> Finding:
    """Check one worker's consumer group. Blocks."""
    check = f"worker {name}"
    try:
        behind = sum(partition.lag for partition in group_lag(settings, worker.group, worker.topic).values())
        members = group_members(settings, worker.group)
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
