"""The job that counts the models of the registry, for the metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import Step
from workers.core.metric import Measurement
from workers.core.reference import Query
from workers.pipelines.registry.metrics import MODELS

REGISTERED = "MATCH (m:Model) WHERE NOT coalesce(m.stub, false) RETURN count(m) AS models"


@dataclass(frozen=True, slots=True)
class CountModels:
    """Sets a gauge, and changes nothing."""

    name: str = "models_count"
    every_seconds: float = 15.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - the count does not depend on the time
        return Query(REGISTERED, {})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        """Return a step that sets the gauge."""
        return [Step([Measurement(MODELS, row["models"])], None) for row in rows]
