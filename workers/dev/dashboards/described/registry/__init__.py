"""The registry and its schemas: what the workers ``registry`` and ``evolution`` do."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from workers.dev.dashboards.board import About, board, data_source, label_values
from workers.dev.dashboards.described.registry.changes import changes
from workers.dev.dashboards.described.registry.migrations import migrations
from workers.dev.dashboards.described.registry.numbers import numbers


def dashboard() -> Dashboard:
    """Return the dashboard."""
    about = About(
        "registry",
        "Memory-Graph / Registry and schemas",
        "Does the graph follow the model registry, and does anything wait for a decision?",
        "now-6h",
    )
    variables = [data_source(), label_values("namespace", text="Namespace")]
    return board(about, variables, [("Now", numbers()), ("Models", changes()), ("Schemas", migrations())])
