"""The changes of the registry's tables, from Kafka into the graph."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.described.registry.numbers import FLEET
from workers.dev.dashboards.frame import Frame, Limits, Query
from workers.dev.dashboards.panels import time_series
from workers.dev.dashboards.queries import highest
from workers.pipelines.registry import metrics

SELDOM = "10m"
"""Changes of a registry come seldom: a shorter window would mostly be empty."""


def changes() -> list[Panel]:
    """Return what came, what the graph has, what was rejected or conflicted, and how long it took."""
    return [_received(), _synced(), _lag(), _failures(), _conflicts(), _duration(), _planning()]


def _received() -> Panel:
    return time_series(
        Frame(
            "Changes received in ten minutes",
            units.Short,
            "Changes of the registry's tables, by table and operation.",
            "seldom, with a peak while the connector takes its first snapshot.",
            "none although the registry changes: the connector stands. `memory-graph doctor` says how to start it.",
            empty="none",
        ),
        Query(FLEET.counted(metrics.EVENTS_RECEIVED, "event_type"), "{{event_type}}"),
        stacked=True,
    )


def _synced() -> Panel:
    return time_series(
        Frame(
            "Changes in the graph in ten minutes",
            units.Short,
            "Changes that the graph has, by kind.",
            "as many as received, less those that are dropped as `redelivered` or `tombstone`.",
            "fewer for long: see rejected changes, and the lag on the worker's dashboard.",
            empty="no changes",
        ),
        Query(FLEET.counted(metrics.SYNC_SUCCESS, "sync_type"), "{{sync_type}}"),
        stacked=True,
    )


def _lag() -> Panel:
    return time_series(
        Frame(
            "Age of the newest change, over time",
            units.Seconds,
            "How old a change was at its source when the graph got it.",
            "a few seconds; a flat line between two changes.",
            "steps upwards: each change comes later than the one before. Look at Debezium, then at the worker.",
            empty="no changes",
        ),
        Query(highest(FLEET.of(metrics.SYNC_LAG), "pod"), "{{pod}}"),
        limits=Limits(30, 300),
    )


def _failures() -> Panel:
    return time_series(
        Frame(
            "Changes rejected in ten minutes, by code",
            units.Short,
            "Changes that became dead letters.",
            "0.",
            "the code names the column and the rule: correct the row, or change `accept`; then replay.",
            6,
            empty="none",
        ),
        Query(FLEET.counted(metrics.SYNC_FAILURES, "error_type"), "{{error_type}}"),
    )


def _conflicts() -> Panel:
    return time_series(
        Frame(
            "Conflicts in ten minutes, by kind and rule",
            units.Short,
            "Changes that conflict, and the rule that decided.",
            "0.",
            "two systems write the same row: let one of them write, or check `merge` in `topology.yaml`.",
            6,
            empty="none",
        ),
        Query(
            FLEET.counted(metrics.CONFLICTS, "conflict_type", "resolution"),
            "{{conflict_type}}: {{resolution}}",
        ),
    )


def _duration() -> Panel:
    return time_series(
        Frame(
            "Time to the graph, slowest 5 %",
            units.Seconds,
            "From folding a batch until the graph has it, by kind of change.",
            "under a second.",
            "Neo4j is slow: see the worker's dashboard.",
            6,
            empty="no changes",
        ),
        Query(FLEET.quantile(0.95, metrics.SYNC_DURATION, "sync_type", window=SELDOM), "{{sync_type}}"),
        limits=Limits(1, 5),
    )


def _planning() -> Panel:
    return time_series(
        Frame(
            "Folding and planning a batch, mean",
            units.Seconds,
            "The worker's own part of that time.",
            "milliseconds.",
            "a model with a very long history: the log of the batch names it.",
            6,
            empty="no changes",
        ),
        Query(FLEET.mean(metrics.ENRICHMENT_DURATION, SELDOM), "mean"),
    )
