"""The job that removes deleted models once their grace has passed, unless something in the graph refers to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import Step
from workers.core.reference import Query
from workers.core.report import LogLine

OWN = ("HAS_VERSION", "HAS_PRICE", "HAS_CAPABILITY", "HAS_USAGE", "USES_SCHEMA")
"""A model's own relationships; any other that touches it is somebody who refers to it."""

SHARED = ("Capability", "SchemaVersion")
"""What is at the end of them and stays, as other models have it, too."""

COMPARED = "(coalesce(m.names_compared_at > m.sync_timestamp, false) OR NOT EXISTS { MATCH (:ModelName) })"
"""Whether telemetry's job has compared all names of calls with the model's last change; a graph may have no calls."""

# Also names whose calls may still be moved to the model.
UNUSED = f"""{COMPARED}
  AND NOT EXISTS {{ MATCH (m)-[r]-() WHERE NOT type(r) IN $own }}
  AND NOT EXISTS {{ MATCH (m)-[:HAS_VERSION]->()--(other) WHERE other <> m }}
  AND NOT EXISTS {{ MATCH (n:ModelName) WHERE n.check_at IS NOT NULL AND m.model_id IN n.model_ids }}"""

UNUSED_DUE = f"""
MATCH (m:Model) WHERE m.purge_after <= datetime() AND {UNUSED}
RETURN m.model_id AS model_id, toString(m.deleted_at) AS deleted_at ORDER BY model_id LIMIT $page
"""

# Not DETACH: were something to refer to a node since it was looked at, the server refuses to leave it dangling.
PURGE = f"""
MATCH (m:Model {{model_id: $model_id}}) WHERE m.purge_after <= datetime() AND {UNUSED}
OPTIONAL MATCH (m)-[own]->(part) WHERE type(own) IN $own
WITH m, collect(own) AS owns, collect(CASE WHEN labels(part)[0] IN $shared THEN null ELSE part END) AS parts
FOREACH (own IN owns | DELETE own)
FOREACH (part IN parts | DELETE part)
DELETE m
RETURN count(*) AS purged
"""
PAGE = 100


def purge(model_id: str) -> Query:
    """Return the Cypher that removes a model with its prices, versions and usage, if it is still due and unused."""
    return Query(PURGE, {"model_id": model_id, "own": OWN, "shared": SHARED})


@dataclass(frozen=True, slots=True)
class PurgeModels:
    """Removes each model in a step of its own. ``memory-graph registry purge`` shows what is due, and who uses it."""

    name: str = "purge_models"
    every_seconds: float = 60.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - the graph's own clock counts
        return Query(UNUSED_DUE, {"own": OWN, "page": PAGE})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        for row in rows:
            yield Step([LogLine("info", "deleted model is purged", dict(row))], purge(row["model_id"]))
