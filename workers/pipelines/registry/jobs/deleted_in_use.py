"""The job that finds deleted models which calls use, whichever came first: counted, logged, kept in ``history``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from workers.core.clock import iso
from workers.core.job import Step
from workers.core.metric import Measurement
from workers.core.reference import Query
from workers.core.report import LogLine
from workers.pipelines.registry.fold.state import Conflict
from workers.pipelines.registry.metrics import CONFLICTS

DELETED_IN_USE = "deleted_model_in_use"
RESOLUTION = "soft_delete_with_grace_period"

# Each deletion counts once, also one of a model that has come back since.
FOUND = """
MATCH (m:Model) WHERE size(m.deletions) > size(coalesce(m.deletions_in_use, []))
  AND EXISTS { (m)<-[:USES_MODEL]-() }
RETURN m.model_id AS model_id, m.deletions AS deletions, coalesce(m.deletions_in_use, []) AS known
ORDER BY model_id LIMIT $page
"""

# Locked before it is compared: the registry may just send another change of the model.
KEPT = """
MATCH (m:Model {model_id: $model_id})
SET m.model_id = $model_id
WITH m WHERE coalesce(m.deletions_in_use, []) = $known
SET m.deletions_in_use = $known + $found, m.history = coalesce(m.history, []) + $found, m.sync_timestamp = datetime()
"""
PAGE = 100


@dataclass(frozen=True, slots=True)
class DeletedInUse:
    """Compares deletions with calls. Only calls count: they never go, so the result depends on no order."""

    name: str = "deleted_in_use"
    every_seconds: float = 2.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - a deletion is looked at at any time
        return Query(FOUND, {"page": PAGE})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        for row in rows:
            model_id, known = row["model_id"], row["known"]
            found = row["deletions"][len(known) :]
            conflicts = [Conflict(DELETED_IN_USE, RESOLUTION, model_id, f"deleted at {iso(at)}") for at in found]
            lines = [LogLine("warning", "conflict", conflict._asdict()) for conflict in conflicts]
            counted = Measurement(CONFLICTS, len(conflicts), (DELETED_IN_USE, RESOLUTION))
            about = {"model_id": model_id, "known": known, "found": [_record(at) for at in found]}
            yield Step([counted, *lines], Query(KEPT, about))


def _record(at: int) -> str:
    return orjson.dumps({"at": iso(at), "conflict": DELETED_IN_USE, "resolution": RESOLUTION}).decode()
