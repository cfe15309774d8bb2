"""Deleted models whose grace has passed: removed where nothing in the graph refers to them, else kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from workers.adapters.graph.connection import GraphConnection
from workers.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Due:
    """A model whose grace has passed. ``used_by`` counts what refers to it or to one of its versions, by label."""

    model_id: str
    deleted_at: str
    used_by: tuple[tuple[str, int], ...]


OWN = ("HAS_VERSION", "HAS_PRICE", "HAS_CAPABILITY", "HAS_USAGE", "USES_SCHEMA")
"""A model's own relationships; any other that touches it is somebody who refers to it."""

SHARED = ("Capability", "SchemaVersion")
"""What is at the end of them and stays, as other models have it, too."""

REFERRING = """
OPTIONAL CALL (m) {
  MATCH (m)-[r]-(other) WHERE NOT type(r) IN $own RETURN other
  UNION ALL
  MATCH (m)-[:HAS_VERSION]->(v)--(other) WHERE other <> m RETURN other
}
"""

DUE = f"""
MATCH (m:Model) WHERE m.purge_after <= datetime()
{REFERRING.strip()}
WITH m, CASE WHEN other IS NULL THEN null ELSE labels(other)[0] END AS label, count(other) AS uses
ORDER BY m.model_id, label
RETURN m.model_id AS model_id, toString(m.deleted_at) AS deleted_at,
  [each IN collect([label, uses]) WHERE each[0] IS NOT NULL] AS used_by
ORDER BY model_id
"""

# Not DETACH: were something to refer to a node since it was looked at, the server refuses to leave it dangling.
PURGE = """
MATCH (m:Model {model_id: $model_id}) WHERE m.purge_after <= datetime() AND NOT EXISTS {
  MATCH (m)-[r]-() WHERE NOT type(r) IN $own
} AND NOT EXISTS { MATCH (m)-[:HAS_VERSION]->()--(other) WHERE other <> m }
OPTIONAL MATCH (m)-[own]->(part) WHERE type(own) IN $own
WITH m, collect(own) AS owns, collect(CASE WHEN labels(part)[0] IN $shared THEN null ELSE part END) AS parts
FOREACH (own IN owns | DELETE own)
FOREACH (part IN parts | DELETE part)
DELETE m
RETURN count(*) AS purged
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
        rows = await graph.rows(PURGE, model_id=model_id, own=OWN, shared=SHARED)
    except Refused:  # another transaction has just added a reference
        return False
    return bool(rows and rows[0]["purged"])
