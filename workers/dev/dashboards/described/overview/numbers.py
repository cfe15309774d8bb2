"""Says whether the fleet is healthy now."""

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.board import RUNBOOK, to_worker
from workers.dev.dashboards.described.overview import fleet
from workers.dev.dashboards.frame import Frame, Limits, Query
from workers.dev.dashboards.panels import BREAKER_STATES, stat
from workers.dev.dashboards.queries import highest, or_zero, share, total
from workers.dev.dashboards.tables import Column, table

ONE_IS_BAD = Limits(critical=1)
ONE_IS_A_WARNING = Limits(warning=1)


def numbers() -> list[Panel]:
    """Return one line of numbers, one table line for each worker, and the alerts."""
    return [*_health(), *_backlog(), _workers(), _alerts()]


def _health() -> list[Panel]:
    return [
        stat(
            Frame(
                "Down or not ready",
                units.Short,
                "Worker processes that do not answer Prometheus, or say that they are not ready.",
                "0. For some seconds 1 during a rollout.",
                "`memory-graph doctor`, then the log of the process. Why one is not ready is shown below.",
                3,
                4,
            ),
            Query(or_zero(f"count({fleet.FLEET.of('up')} == 0 or {highest(fleet.UNREADY, 'worker', 'pod')} == 1)")),
            ONE_IS_BAD,
        ),
        stat(
            Frame(
                "Alerts firing",
                units.Short,
                "Alerts of this fleet that fire now.",
                "0.",
                "each alert has its section in the runbook: start with the one of the highest severity.",
                3,
                4,
            ),
            Query(or_zero(f"count({fleet.FIRING})")),
            ONE_IS_BAD,
        ),
        stat(
            Frame(
                "Breakers not closed",
                units.Short,
                "Servers that a process does not use, because too many attempts failed.",
                "0.",
                "`memory-graph doctor` says what is wrong with the server. Repair the server: the workers go on alone.",
                3,
                4,
            ),
            Query(or_zero(f"count({fleet.BREAKER} > 0)")),
            ONE_IS_BAD,
        ),
        stat(
            Frame(
                "Failed events",
                units.PercentUnit,
                "Share of the finished events that became dead letters.",
                "under 0.1 %. Over 5 % for five minutes, HighErrorRate fires.",
                "`memory-graph dlq list --since 1h` says why. Mostly a producer was deployed: repair it, then replay.",
                3,
                4,
            ),
            Query(or_zero(share(fleet.ERRORS, fleet.PROCESSED))),
            fleet.ERROR_LIMITS,
        ),
    ]


def _backlog() -> list[Panel]:
    return [
        stat(
            Frame(
                "Records behind",
                units.Short,
                "Records in Kafka that are not in the graph, of all partitions.",
                "under a few thousand, and falling after a peak.",
                "open the worker with the most. Where it waits for a server, help the server; else add replicas.",
                3,
                4,
            ),
            Query(or_zero(total(fleet.LAG))),
            fleet.LAG_LIMITS,
        ),
        stat(
            Frame(
                "Oldest record not in the graph",
                units.Seconds,
                "Age of the oldest record that still waits: so far is the graph behind.",
                "under a minute.",
                "as for records behind. If it grows while records behind stays, one partition hangs.",
                3,
                4,
            ),
            Query(or_zero(highest(fleet.AGE))),
            fleet.AGE_LIMITS,
        ),
        stat(
            Frame(
                "Dead letters waiting",
                units.Short,
                "Bad records that nobody has replayed or purged.",
                "0, or a few that somebody looks at.",
                "`memory-graph dlq browse`. See the dashboard of dead letters for their age.",
                3,
                4,
            ),
            Query(or_zero(total(fleet.LETTERS))),
            ONE_IS_A_WARNING,
        ),
        stat(
            Frame(
                "Events finished",
                units.EventsPerSecond,
                "Events that came into the graph or became dead letters.",
                "what your producers send; 0 only when they are silent.",
                "0 with records behind means that the fleet stands: look at breakers and waits below.",
                3,
                4,
            ),
            Query(or_zero(total(fleet.PROCESSED))),
        ),
    ]


def _workers() -> Panel:
    return table(
        Frame(
            "Workers",
            units.Short,
            "One line for each worker, the one that is most behind on top. Click on its name for its own dashboard.",
            "green.",
            "open the worker with the red cell.",
            16,
            7,
        ),
        ["worker"],
        [
            Column("Records behind", total(fleet.LAG, "worker"), units.Short, fleet.LAG_LIMITS),
            Column("Oldest record", highest(fleet.AGE, "worker"), units.Seconds, fleet.AGE_LIMITS),
            Column("Processes up", total(fleet.FLEET.of("up"), "worker"), units.Short),
            Column("Events finished", total(fleet.PROCESSED, "worker"), units.EventsPerSecond),
            Column("Failed", share(fleet.ERRORS, fleet.PROCESSED, "worker"), units.PercentUnit, fleet.ERROR_LIMITS),
            Column("Slowest 1 %", fleet.P99, units.Seconds, fleet.LATENCY_LIMITS),
            Column("Dead letters waiting", total(fleet.LETTERS, "worker"), units.Short, ONE_IS_A_WARNING),
            Column("Breakers", highest(fleet.BREAKER, "worker"), units.Short, ONE_IS_BAD, BREAKER_STATES),
        ],
        to_worker("${__data.fields.worker}"),
    )


def _alerts() -> Panel:
    return table(
        Frame(
            "Alerts that fire",
            units.Short,
            "The alerts of the chosen workers. Click on one for the runbook, which has a section with its name.",
            "none.",
            "critical ones now, warnings within the working day.",
            8,
            7,
            empty="none",
        ),
        ["alertname", "severity", "worker"],
        [Column("Since", highest(fleet.ALERT_AGE, "alertname", "severity", "worker"), units.Seconds)],
        DashboardLink("Runbook").url(RUNBOOK),
    )
