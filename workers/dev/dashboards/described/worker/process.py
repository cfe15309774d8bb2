"""States, retries, periodic jobs, and the processes themselves."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.described.worker.scope import PODS
from workers.dev.dashboards.frame import Frame, Query
from workers.dev.dashboards.panels import time_series
from workers.dev.dashboards.queries import total
from workers.observe import metric_list as metrics

POD = "{{pod}}"


def process() -> list[Panel]:
    """Return what the processes hold and use."""
    return [_states(), _restored(), _retries(), _jobs(), _cpu(), _memory()]


def _states() -> Panel:
    return time_series(
        Frame(
            "States in memory",
            units.Short,
            "Traces, models or schemas whose state is in the memory of a process.",
            "it grows up to `state.max_entries`, about 1 KB each.",
            "at the limit and many restored: raise it, if the process has memory left.",
        ),
        Query(total(PODS.of(metrics.STATE_ENTRIES), "pod"), POD),
    )


def _restored() -> Panel:
    return time_series(
        Frame(
            "States read from the graph",
            units.CountsPerSecond,
            "States that were not in memory when their next record came.",
            "a peak after a start, otherwise far under the events received.",
            "as many as events: states do not stay for long enough. Raise `state.max_entries`.",
            empty="none",
        ),
        Query(total(PODS.per_second(metrics.STATES_RESTORED), "pod"), POD),
    )


def _retries() -> Panel:
    return time_series(
        Frame(
            "Repeated attempts in ten minutes, by server",
            units.Short,
            "Attempts that were repeated because a server was away or busy.",
            "0, with single peaks of `neo4j` for deadlocks.",
            "all the time and `neo4j`: lower `writers`. Others: `memory-graph doctor`.",
            empty="none",
        ),
        Query(PODS.counted(metrics.RETRIES, "service"), "{{service}}"),
    )


def _jobs() -> Panel:
    return time_series(
        Frame(
            "Steps of periodic jobs",
            units.CountsPerSecond,
            "Done, retried while a server was away, or refused. Telemetry has no jobs.",
            "all `done`.",
            "`refused`: the log line `step refused` says what the server refuses.",
            empty="none",
        ),
        Query(total(PODS.per_second(metrics.JOB_STEPS), "job", "status"), "{{job}} {{status}}"),
    )


def _cpu() -> Panel:
    return time_series(
        Frame(
            "CPU, in cores",
            units.Short,
            "Processor time of each process.",
            "up to 1: a process uses one core.",
            "near 1 with lag: the process is the limit. Add replicas, up to the number of partitions.",
        ),
        Query(PODS.per_second("process_cpu_seconds_total"), POD),
    )


def _memory() -> Panel:
    return time_series(
        Frame(
            "Resident memory",
            units.BytesIEC,
            "Memory of each process.",
            "it grows to a plateau while states fill the cache.",
            "near the limit of the pod: lower `state.max_entries` or `consumer.buffer_mb`, or raise the limit.",
        ),
        Query(PODS.of("process_resident_memory_bytes"), POD),
    )
