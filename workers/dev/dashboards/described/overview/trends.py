"""Says since when it is so."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.board import to_worker
from workers.dev.dashboards.described.overview import fleet
from workers.dev.dashboards.frame import Frame, Query
from workers.dev.dashboards.panels import time_series
from workers.dev.dashboards.queries import highest, share, total
from workers.observe import metric_list as metrics

WORKER = "{{worker}}"


def trends() -> list[Panel]:
    """Return the numbers of the first row over time, with a line for each worker."""
    return [_lag(), _age(), _rate(), _errors(), _latency(), _letters()]


def _lag() -> Panel:
    return time_series(
        Frame(
            "Records behind, by worker",
            units.Short,
            "Records in Kafka that are not in the graph.",
            "flat near 0, or falling after a peak. Over 10,000 in a partition for ten minutes, KafkaConsumerLag fires.",
            "a line that rises since a deploy: roll it back. Since a peak of traffic: add replicas.",
        ),
        Query(total(fleet.LAG, "worker"), WORKER),
        limits=fleet.LAG_LIMITS,
        link=to_worker(),
    )


def _age() -> Panel:
    return time_series(
        Frame(
            "Oldest record not in the graph, by worker",
            units.Seconds,
            "Age of the oldest record that waits.",
            "under a minute. It may jump when old records are replayed.",
            "a straight line of 45 degrees means that a partition stands still: open the worker.",
        ),
        Query(highest(fleet.AGE, "worker"), WORKER),
        limits=fleet.AGE_LIMITS,
        link=to_worker(),
    )


def _rate() -> Panel:
    return time_series(
        Frame(
            "Events received and finished, by worker",
            units.EventsPerSecond,
            "Records read from Kafka, and events that are in the graph or became dead letters.",
            "both lines of a worker lie on each other.",
            "received over finished: events are dropped by a policy (see the worker), or Neo4j is slow.",
        ),
        Query(total(fleet.FLEET.per_second(metrics.EVENTS_RECEIVED), "worker"), "{{worker}} received"),
        Query(total(fleet.PROCESSED, "worker"), "{{worker}} finished"),
        link=to_worker(),
    )


def _errors() -> Panel:
    return time_series(
        Frame(
            "Failed events, by worker",
            units.PercentUnit,
            "Share of the finished events that became dead letters.",
            "under 0.1 %.",
            "`memory-graph dlq list --since 1h` says why. See the dashboard of dead letters for the codes.",
            empty="no events",
        ),
        Query(share(fleet.ERRORS, fleet.PROCESSED, "worker"), WORKER),
        limits=fleet.ERROR_LIMITS,
        link=to_worker(),
    )


def _latency() -> Panel:
    return time_series(
        Frame(
            "From arrival to the graph, slowest 1 %",
            units.Seconds,
            "99 % of the events were in the graph sooner than this after they arrived at the worker.",
            "under 500 ms. Gaps: no events.",
            "mostly Neo4j is slow: see its writes on the worker's dashboard.",
            empty="no events",
        ),
        Query(fleet.P99, WORKER),
        limits=fleet.LATENCY_LIMITS,
        link=to_worker(),
    )


def _letters() -> Panel:
    return time_series(
        Frame(
            "New dead letters in ten minutes, by worker",
            units.Short,
            "Records that were sent to the dead letters.",
            "0.",
            "look at the code in the dashboard of dead letters, repair the producer, then `memory-graph dlq replay`.",
            empty="none",
        ),
        Query(fleet.FLEET.counted(metrics.DEAD_LETTERS, "worker"), WORKER),
        link=to_worker(),
    )
