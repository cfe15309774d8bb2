"""Deleted models whose grace has passed: removed where nothing in the graph refers to them, else kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import neo4j
from neo4j.exceptions import ConstraintError


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


async def models_due(driver: neo4j.AsyncDriver, database: str) -> list[Due]:
    """List every deleted model whose ``purge_after`` has passed, by id. Raises what the driver raises."""
    records, _, _ = await driver.execute_query(DUE, own=OWN, database_=database)
    return [
        Due(record["model_id"], record["deleted_at"], tuple((label, uses) for label, uses in record["used_by"]))
        for record in records
    ]


async def purge_models(driver: neo4j.AsyncDriver, database: str, due: Sequence[Due]) -> list[str]:
    """Remove those that nothing refers to, each in a transaction; return the ids of those that are gone.

    Their prices, versions and usage go with them. One that came into use meanwhile stays, as does one that the registry
    has brought back. A model that comes back after it is gone is written whole, but for texts that only rows of its
    versions carry. Raises what the driver raises.
    """
    return [model.model_id for model in due if not model.used_by and await _purge(driver, database, model.model_id)]


async def _purge(driver: neo4j.AsyncDriver, database: str, model_id: str) -> bool:
    try:
        parameters = {"model_id": model_id, "own": OWN, "shared": SHARED}
        records, _, _ = await driver.execute_query(PURGE, parameters, database_=database)
    except ConstraintError:  # something has just come to refer to it
        return False
    return bool(records and records[0]["purged"])
