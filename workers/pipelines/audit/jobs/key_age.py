"""The job that measures how long ago the keys were rotated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import Step
from workers.core.metric import Measurement
from workers.core.reference import Query
from workers.pipelines.audit.chain.stored import IS_TIME
from workers.pipelines.audit.metrics import KEY_AGE

DAY_MS = 86_400_000

ROTATED = f"""
CALL () {{
  MATCH (e:AuditEvent) WHERE e.event_type = 'key.rotated' AND {IS_TIME} RETURN e.key_id AS key_id, e.timestamp AS at
  UNION ALL
  MATCH (k:VaultKey) RETURN k.key_id AS key_id, k.rotated_at AS at
}}
WITH key_id, max(at) AS rotated
RETURN min(rotated).epochMillis AS rotated
"""


@dataclass(frozen=True, slots=True)
class MeasureKeyAge:
    """Sets a gauge, and changes nothing."""

    name: str = "key-age"
    every_seconds: float = 60.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - the rotations do not depend on the time
        return Query(ROTATED, {})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:
        """Return a step that sets the gauge, once a key was rotated."""
        ages = [(now_ms - row["rotated"]) / DAY_MS for row in rows if row["rotated"] is not None]
        return [Step([Measurement(KEY_AGE, max(0.0, age))], None) for age in ages]
