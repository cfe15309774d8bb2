"""What waits, and why."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.described.worker.scope import PARTITIONS, PODS
from workers.dev.dashboards.frame import Frame, Limits, Query
from workers.dev.dashboards.panels import BREAKER_STATES, states, time_series
from workers.dev.dashboards.queries import highest
from workers.observe import metric_list as metrics

WAITS = {1: ("waits", "orange")}


def backlog() -> list[Panel]:
    """Return lag and buffer, what the partitions wait for, and how often they had to begin again."""
    return [_lag(), _age(), _buffer(), _waits(), _breakers(), _unready(), _openings(), _rebalances(), _recovery()]


def _lag() -> Panel:
    return time_series(
        Frame(
            "Records behind, by partition",
            units.Short,
            "Records in Kafka that are not in the graph.",
            "near 0; after a peak all lines fall together.",
            "one line alone: that partition hangs, or has a hot key. All: the worker is too slow, see latency.",
        ),
        Query(highest(PARTITIONS.of(metrics.KAFKA_LAG), "partition"), "{{partition}}"),
        limits=Limits(5_000, 10_000),
    )


def _age() -> Panel:
    return time_series(
        Frame(
            "Oldest record not in the graph, by partition",
            units.Seconds,
            "Age of the oldest record that waits.",
            "under a minute.",
            "a line of 45 degrees: nothing of that partition gets through. See its waits.",
        ),
        Query(highest(PARTITIONS.of(metrics.EVENT_TIME_LAG), "partition"), "{{partition}}"),
        limits=Limits(60, 300),
    )


def _buffer() -> Panel:
    return time_series(
        Frame(
            "Buffer",
            units.Percent,
            "Bytes of waiting records, in percent of `consumer.buffer_mb`, by process.",
            "under 100. At 100 the consumer stops fetching, and lag grows in Kafka, where it is safe.",
            "at 100 for long: Neo4j is slower than the records come. More memory does not help.",
        ),
        Query(highest(PODS.of(metrics.BUFFER_UTILIZATION), "pod"), "{{pod}}"),
        limits=Limits(warning=100),
    )


def _waits() -> Panel:
    return states(
        Frame(
            "Waits, by partition and reason",
            units.Short,
            "A band while a partition waits. No bands: none waits.",
            "short bands of `writers` and `throttle` under load.",
            "a server: repair it. `throttle`: help Neo4j. `writers`: raise the option.",
            empty="none",
        ),
        Query(highest(PARTITIONS.of(metrics.WAITING), "partition", "reason"), "{{partition}} {{reason}}"),
        WAITS,
    )


def _breakers() -> Panel:
    return states(
        Frame(
            "Circuit breakers",
            units.Short,
            "Whether each process uses a server. Half open means that single attempts probe it.",
            "green.",
            "`memory-graph doctor`; repair the server. Only one process: its network, or its credentials.",
        ),
        Query(highest(PODS.of(metrics.BREAKER_STATE), "pod", "service"), "{{pod}} {{service}}"),
        BREAKER_STATES,
    )


def _rebalances() -> Panel:
    return time_series(
        Frame(
            "Rebalances in ten minutes",
            units.Short,
            "How often each process got partitions.",
            "one with each deploy or change of replicas, otherwise 0.",
            "again and again: processes fall out of the group. Look for restarts; raise `session_timeout_seconds`.",
        ),
        Query(PODS.counted(metrics.REBALANCES, "pod"), "{{pod}}"),
    )


def _unready() -> Panel:
    return states(
        Frame(
            "Not ready, by process and reason",
            units.Short,
            "A band while `/readyz` is 503. No bands: all are ready.",
            "`no_partitions` for some seconds after a start.",
            "`curl` the `/readyz` of the process: it says what to do. `operator`: correct the password or the rights.",
            empty="none",
        ),
        Query(highest(PODS.of(metrics.UNREADY), "pod", "reason"), "{{pod}} {{reason}}"),
        {1: ("not ready", "red")},
    )


def _openings() -> Panel:
    return time_series(
        Frame(
            "Openings of circuit breakers in ten minutes",
            units.Short,
            "How often a breaker opened, by server.",
            "0; 1 in an outage.",
            "again and again: the server answers and fails in turns. It is overloaded, or a part of it is away.",
        ),
        Query(PODS.counted(metrics.BREAKER_OPENINGS, "service"), "{{service}}"),
    )


def _recovery() -> Panel:
    return time_series(
        Frame(
            "Recovery after an assignment",
            units.Seconds,
            "Time since a process got partitions of which no record is accepted yet; otherwise 0.",
            "a few seconds after a start or a rebalance.",
            "minutes: the process waits for a server; see why it is not ready.",
        ),
        Query(highest(PODS.of(metrics.RECOVERY), "pod"), "{{pod}}"),
        limits=Limits(60, 120),
    )
