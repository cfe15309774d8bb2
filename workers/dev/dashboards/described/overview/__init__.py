"""The fleet at a glance: what an engineer on call sees first."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from workers.dev.dashboards.board import About, board, data_source, label_values, workers
from workers.dev.dashboards.described.overview.numbers import numbers
from workers.dev.dashboards.described.overview.reasons import reasons
from workers.dev.dashboards.described.overview.service_levels import service_levels
from workers.dev.dashboards.described.overview.trends import trends


def dashboard() -> Dashboard:
    """Return the dashboard."""
    about = About(
        "overview",
        "Memory-Graph / Fleet overview",
        "Is the fleet healthy? Read from the top: numbers, the worker that is not green, since when, and why.",
    )
    variables = [data_source(), label_values("namespace", text="Namespace"), workers()]
    rows = [
        ("Now", numbers()),
        ("Since when", trends()),
        ("What holds it up", reasons()),
        ("Service levels", service_levels()),
    ]
    return board(about, variables, rows)
