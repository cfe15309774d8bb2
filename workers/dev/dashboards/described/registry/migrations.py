"""The migrations of schemas."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.described.registry.numbers import FLEET
from workers.dev.dashboards.frame import Frame, Limits, Query
from workers.dev.dashboards.panels import time_series
from workers.dev.dashboards.queries import highest
from workers.dev.dashboards.tables import Column, table
from workers.pipelines.evolution.metrics import MIGRATIONS, MIGRATIONS_WAITING


def migrations() -> list[Panel]:
    """Return migrations by state, and what waits."""
    return [_states(), _waiting(), _counts()]


def _states() -> Panel:
    return time_series(
        Frame(
            "Migrations in ten minutes, by state",
            units.Short,
            "Migrations that came to each state.",
            "each one ends as `CONFIRMED` within minutes; `BUFFERED` waits for its models first.",
            "`ROLLED_BACK`: `memory-graph registry list` says why. Stays `SCHEDULED`: `evolution` stands.",
            empty="none",
        ),
        Query(FLEET.counted(MIGRATIONS, "state"), "{{state}}"),
        stacked=True,
    )


def _waiting() -> Panel:
    return time_series(
        Frame(
            "Waiting for approval",
            units.Short,
            "Breaking versions that nobody has decided about.",
            "0, or 1 for the time that your team takes to decide.",
            "`memory-graph registry list`, then `approve` or `reject`.",
        ),
        Query(highest(FLEET.of(MIGRATIONS_WAITING)), "waiting"),
        limits=Limits(warning=1),
    )


def _counts() -> Panel:
    return table(
        Frame(
            "Migrations in the time range",
            units.Short,
            "How many came to a state, by the kind of change.",
            "`backward` and `forward` ones end as `CONFIRMED`; `breaking` ones are `AWAITING_APPROVAL` first.",
            "`REJECTED` or `ROLLED_BACK`: `memory-graph registry list` has who decided, and why.",
            empty="none",
        ),
        ["change_class", "state"],
        [Column("Migrations", FLEET.counted(MIGRATIONS, "change_class", "state", window="$__range"), units.Short)],
    )
