"""Says what holds a worker up."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.board import to_worker
from workers.dev.dashboards.described.overview import fleet
from workers.dev.dashboards.frame import Frame, Query
from workers.dev.dashboards.panels import BREAKER_STATES, states, time_series
from workers.dev.dashboards.queries import highest, total
from workers.observe import metric_list as metrics


def reasons() -> list[Panel]:
    """Return what a worker waits for, and how often it had to begin again."""
    return [_unready(), _breakers(), _waits(), _retries(), _rebalances(), _restarts()]


def _breakers() -> Panel:
    return states(
        Frame(
            "Circuit breakers",
            units.Short,
            "Whether the workers use a server. Half open means that single attempts probe it.",
            "green.",
            "`memory-graph doctor`; repair the server. A band that changes all the time: the server is overloaded.",
        ),
        Query(highest(fleet.BREAKER, "worker", "service"), "{{worker}} {{service}}"),
        BREAKER_STATES,
    )


def _waits() -> Panel:
    return time_series(
        Frame(
            "Partitions that wait",
            units.Short,
            "Partitions that wait, by the reason.",
            "none, or short peaks of `writers` and `throttle`.",
            "a server: repair it. `throttle`: help Neo4j. `writers`: raise the option. `fenced`: nothing.",
            empty="none",
        ),
        Query(total(fleet.FLEET.of(metrics.WAITING), "worker", "reason"), "{{worker}} {{reason}}"),
        stacked=True,
        link=to_worker(),
    )


def _retries() -> Panel:
    return time_series(
        Frame(
            "Repeated attempts in ten minutes",
            units.Short,
            "Attempts that were repeated because a server was away or busy.",
            "0, with single peaks of `neo4j` for deadlocks.",
            "all the time and `neo4j`: lower `writers`. Others: `memory-graph doctor`.",
            empty="none",
        ),
        Query(fleet.FLEET.counted(metrics.RETRIES, "worker", "service"), "{{worker}} {{service}}"),
        link=to_worker(),
    )


def _rebalances() -> Panel:
    return time_series(
        Frame(
            "Rebalances in ten minutes",
            units.Short,
            "How often the partitions were distributed again.",
            "a few with each deploy or change of replicas, otherwise 0.",
            "members come and go: look for restarts, and raise `session_timeout_seconds` if the log says `fenced`.",
        ),
        Query(fleet.FLEET.counted(metrics.REBALANCES, "worker"), "{{worker}}"),
        link=to_worker(),
    )


def _restarts() -> Panel:
    return time_series(
        Frame(
            "Restarts in ten minutes",
            units.Short,
            "Processes that started again under the same name.",
            "0. A deploy makes new pods, which do not count.",
            "the log line `worker failed` has the reason; go back to the version before. `OOMKilled`: see its memory.",
        ),
        Query(total(f"changes({fleet.FLEET.of('process_start_time_seconds')}[10m])", "worker"), "{{worker}}"),
        link=to_worker(),
    )


def _unready() -> Panel:
    return time_series(
        Frame(
            "Processes that are not ready, by reason",
            units.Short,
            "What `/readyz` says. `operator`: a server refuses us. `fenced`: another process has the partition.",
            "none; `no_partitions` for some seconds after a start.",
            "a server: repair it. `operator`: correct its password or rights. `dead_letter_limit`: see the runbook.",
            empty="none",
        ),
        Query(total(fleet.UNREADY, "worker", "reason"), "{{worker}} {{reason}}"),
        stacked=True,
        link=to_worker(),
    )
