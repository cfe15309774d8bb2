"""The migrations that the graph has."""

from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Neo4jSettings

MIGRATIONS = """
MATCH (m:SchemaMigration)
WHERE ($schema_id IS NULL OR m.schema_id = $schema_id) AND ($version IS NULL OR m.to_version = $version)
RETURN m.migration_id AS migration_id, m.schema_id AS schema_id, m.to_version AS version,
  m.from_version AS from_version, m.change_class AS change_class, m.why AS why, m.state AS state,
  toString(m.validated_at) AS validated_at, m.decided_by AS decided_by, m.decided_why AS decided_why,
  toString(m.decided_at) AS decided_at, m.rolled_back_why AS rolled_back_why,
  CASE WHEN m.state = 'VERIFIED' THEN m.refused_why END AS refused_why,
  CASE WHEN m.state = 'VERIFIED' THEN toString(m.confirm_at) END AS confirm_at
ORDER BY m.validated_at, migration_id
"""


class Listed(NamedTuple):
    """A migration; times are in ISO 8601, UTC."""

    migration_id: str
    schema_id: str
    version: str
    from_version: str | None
    change_class: str
    why: str
    state: str
    validated_at: str
    decided_by: str | None
    decided_why: str | None
    decided_at: str | None
    rolled_back_why: str | None
    refused_why: str | None = None
    """What the registry's API answered to the confirmation; it is sent again at ``confirm_at``."""
    confirm_at: str | None = None


async def listed(settings: Neo4jSettings, schema_id: str | None = None, version: str | None = None) -> list[Listed]:
    """Return all migrations, or those of a schema, or to a version of it, oldest first.

    Raises ``Unreachable``, ``Misconfigured``.
    """
    async with GraphConnection(settings) as graph:
        return [Listed(**row) for row in await graph.rows(MIGRATIONS, schema_id=schema_id, version=version)]
