"""How fast each worker uses up the error budgets of the service levels, by the recording rules of the chart."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.board import to_worker
from workers.dev.dashboards.described.overview.fleet import FLEET
from workers.dev.dashboards.frame import Frame, Limits, Query
from workers.dev.dashboards.panels import time_series

WINDOWS = ("1h", "6h")
BURN_LIMITS = Limits(6, 14.4)
"""The factors of the alerts: over 14.4 for an hour, or over 6 for six hours, somebody is woken."""


def service_levels() -> list[Panel]:
    """Return the burn rate of each service level, over a short and a long window."""
    return [
        _burn("Availability", "unavailable", 0.001, "a replica of the worker answers 99.9 % of the time", "WorkerDown"),
        _burn("Latency", "slow_events", 0.01, "99 % of the events are in the graph after 500 ms", "LatencyBudgetBurn"),
        _burn("Errors", "errors", 0.001, "99.9 % of the events get into the graph", "ErrorBudgetBurn"),
    ]


def _burn(level: str, indicator: str, budget: float, target: str, section: str) -> Panel:
    return time_series(
        Frame(
            f"{level}: use of the error budget",
            units.Short,
            f"Target: {target}. At 1 the budget of 30 days lasts for 30 days. Needs the chart's `prometheusRule`.",
            "under 1 over six hours.",
            f"the section `{section}` of the runbook.",
        ),
        *(
            Query(
                f"{FLEET.of(f'worker:memory_graph_{indicator}:ratio_{window}')} / {budget}",
                f"{{{{worker}}}} over {window}",
            )
            for window in WINDOWS
        ),
        limits=BURN_LIMITS,
        link=to_worker(),
    )
