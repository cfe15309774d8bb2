"""One worker, down to its processes and partitions."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from workers.dev.dashboards.board import About, board, data_source, label_values
from workers.dev.dashboards.described.worker.backlog import backlog
from workers.dev.dashboards.described.worker.latency import latency
from workers.dev.dashboards.described.worker.process import process
from workers.dev.dashboards.described.worker.scope import WORKER
from workers.dev.dashboards.described.worker.throughput import throughput
from workers.dev.dashboards.queries import Scope
from workers.observe.metric_list import KAFKA_LAG, REBALANCES


def dashboard() -> Dashboard:
    """Return the dashboard."""
    about = About(
        "worker",
        "Memory-Graph / One worker",
        "Where does this worker lose its time? Choose the worker; then a process or a partition, if one differs.",
    )
    variables = [
        data_source(),
        label_values("namespace", text="Namespace"),
        label_values("worker", Scope('namespace=~"$namespace"').of(REBALANCES), text="Worker", many=False),
        label_values("pod", WORKER.of(REBALANCES), text="Process"),
        label_values("partition", WORKER.of(KAFKA_LAG), text="Partition"),
    ]
    rows = [
        ("Throughput", throughput()),
        ("Lag and waits", backlog()),
        ("Latency", latency()),
        ("States, retries and the process", process()),
    ]
    return board(about, variables, rows)
