"""The job that asks Kafka Connect whether the connector writes changes, for the metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import AskConnector, Step
from workers.core.reference import Query
from workers.pipelines.registry.metrics import CAPTURE_RUNNING

CONNECTOR = "registry"


@dataclass(frozen=True, slots=True)
class WatchConnector:
    """Sets a gauge, and changes nothing."""

    name: str = "connector"
    every_seconds: float = 15.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - nothing in the graph decides it
        return Query("RETURN 1 AS once", {})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        """Return a step that asks, and sets the gauge."""
        return [Step([AskConnector(CONNECTOR, CAPTURE_RUNNING)], None)]
