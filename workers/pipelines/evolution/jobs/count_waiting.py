"""The job that counts the migrations that wait for approval, for the metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import Step
from workers.core.metric import Measurement
from workers.core.reference import Query
from workers.pipelines.evolution.jobs.queries import WAITING
from workers.pipelines.evolution.metrics import MIGRATIONS_WAITING


@dataclass(frozen=True, slots=True)
class CountWaiting:
    """Sets a gauge, and changes nothing."""

    name: str = "schema-awaiting"
    every_seconds: float = 5.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - the count does not depend on the time
        return Query(WAITING, {})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        """Return a step that sets the gauge."""
        return [Step([Measurement(MIGRATIONS_WAITING, row["waiting"])], None) for row in rows]
