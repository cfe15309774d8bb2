"""The jobs that ask whether the connector runs, and whether it gets on, for the metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import AskConnector, AskReplication, Step
from workers.core.reference import Query
from workers.pipelines.registry.metrics import CAPTURE_BEHIND, CAPTURE_BEHIND_BYTES, CAPTURE_RUNNING

CONNECTOR = "registry"
SLOT = "memory_graph"
ONCE = Query("RETURN 1 AS once", {})


@dataclass(frozen=True, slots=True)
class WatchConnector:
    """Sets a gauge, and changes nothing."""

    name: str = "connector"
    every_seconds: float = 15.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - nothing in the graph decides it
        return ONCE

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        """Return a step that asks, and sets the gauge."""
        return [Step([AskConnector(CONNECTOR, CAPTURE_RUNNING)], None)]


@dataclass(frozen=True, slots=True)
class WatchReplication:
    """Sets gauges, and changes nothing. A connector may run and still stand: it waits for whatever does not come."""

    name: str = "replication"
    every_seconds: float = 5.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - nothing in the graph decides it
        return ONCE

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        """Return a step that asks, and sets the gauges."""
        return [Step([AskReplication(SLOT, CAPTURE_BEHIND, CAPTURE_BEHIND_BYTES)], None)]
