"""Deleted models whose grace has passed: removed where nothing in the graph refers to them, else kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from workers.adapters.graph.connection import GraphConnection
from workers.core.errors import Refused
from workers.pipelines.registry.jobs.purge_models import COMPARED, OWN, purge


@dataclass(frozen=True, slots=True)
class Due:
    """A model whose grace has passed. ``used_by`` counts what refers to it or to one of its versions, by label.

    A ``ModelName`` is a name of calls whose model is not known yet: telemetry's job compares it within a few minutes.
    """

    model_id: str
    deleted_at: str
    used_by: tuple[tuple[str, int], ...]


REFERRING = f"""
OPTIONAL CALL (m) {{
  MATCH (m)-[r]-(other) WHERE NOT type(r) IN $own RETURN other
  UNION ALL
  MATCH (m)-[:HAS_VERSION]->(v)--(other) WHERE other <> m RETURN other
  UNION ALL
  MATCH (other:ModelName) WHERE {COMPARED} AND other.check_at IS NOT NULL AND m.model_id IN other.model_ids RETURN other
}}
"""

DUE = f"""
CALL () {{ MATCH (n:ModelName) RETURN count(n) AS names }}
MATCH (m:Model) WHERE m.purge_after <= datetime()
{REFERRING.strip()}
WITH m, names, CASE WHEN other IS NULL THEN null ELSE labels(other)[0] END AS label, count(other) AS uses
ORDER BY m.model_id, label
WITH m, names, [each IN collect([label, uses]) WHERE each[0] IS NOT NULL] AS used_by
RETURN m.model_id AS model_id, toString(m.deleted_at) AS deleted_at,
  used_by + CASE WHEN {COMPARED} THEN [] ELSE [['ModelName', names]] END AS used_by
ORDER BY model_id
"""


async def models_due(graph: GraphConnection) -> list[Due]:
    """List every deleted model whose ``purge_after`` has passed, by id."""
    return [
        Due(row["model_id"], row["deleted_at"], tuple((label, uses) for label, uses in row["used_by"]))
        for row in await graph.rows(DUE, own=OWN)
    ]


async def purge_models(graph: GraphConnection, due: Sequence[Due]) -> list[str]:
    """Remove those that nothing refers to, each in a transaction; return the ids of those that are gone.

    Their prices, versions and usage go with them. One that came into use meanwhile stays, as does one that the registry
    has brought back. A model that comes back after it is gone is written whole, but for texts that only rows of its
    versions carry.
    """
    return [model.model_id for model in due if not model.used_by and await _purge(graph, model.model_id)]


async def _purge(graph: GraphConnection, model_id: str) -> bool:
    try:
        query = purge(model_id)
        rows = await graph.rows(query.cypher, **query.parameters)
    except Refused:  # another transaction has just added a reference
        return False
    return bool(rows and rows[0]["purged"])
