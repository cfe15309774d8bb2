"""The procedure that counts the migrations that wait for approval, for the metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import Awaiting, Step
from workers.core.reference import Query
from workers.pipelines.evolution.questions import AWAITING


@dataclass(frozen=True, slots=True)
class Counting:
    """Changes nothing."""

    name: str = "schema-awaiting"
    every_seconds: float = 5.0

    def question(self, now_ms: int) -> Query:  # noqa: ARG002 - whatever the time
        return Query(AWAITING, {})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - likewise
        """Show the count."""
        return [Step([Awaiting(row["awaiting"])], None) for row in rows]
