"""The Cypher of the evolution worker, with its typed rows. Points in time are epoch milliseconds."""

from typing import NamedTuple

from workers.core.statement import template


class ModelStubRow(NamedTuple):
    """A model of a version that must have a node."""

    model_id: str


class MigrationRow(NamedTuple):
    """All properties of a migration, with its schema and its version."""

    migration_id: str
    schema_id: str
    version_id: str
    state: str
    to_version: str
    hash: str
    from_version: str | None
    change_class: str
    why: str
    compatible_models: list[str]
    published_at: int | None
    validated_at: int
    scheduled_at: int | None
    decided_at: int | None
    decided_by: str | None
    decided_why: str | None
    executed_at: int | None
    verified_at: int | None
    rolled_back_at: int | None
    rolled_back_why: str | None
    confirmed_at: int | None


class VersionChangeRow(NamedTuple):
    """A change of a schema and its models from one SchemaVersion (``None`` for none) to another, or back."""

    migration_id: str
    schema_id: str
    from_id: str | None
    to_id: str
    model_ids: list[str]


def at(column: str) -> str:
    """Return Cypher for the point in time of a column, or null: ``datetime`` does not accept null."""
    return f"CASE WHEN row.{column} IS NOT NULL THEN datetime({{epochMillis: row.{column}}}) END"


MODEL_STUBS = template(
    "Model of a schema named",
    ModelStubRow,
    """
MERGE (m:Model {model_id: row.model_id})
  ON CREATE SET m.stub = true
""",
    shared=True,
)

MIGRATIONS = template(
    "SchemaMigration",
    MigrationRow,
    f"""
MERGE (s:Schema {{schema_id: row.schema_id}})
MERGE (v:SchemaVersion {{version_id: row.version_id}})
  ON CREATE SET v.schema_id = row.schema_id, v.version = row.to_version
MERGE (s)-[:HAS_VERSION]->(v)
MERGE (m:SchemaMigration {{migration_id: row.migration_id}})
SET m.schema_id = row.schema_id, m.state = row.state, m.to_version = row.to_version, m.hash = row.hash,
    m.from_version = row.from_version, m.change_class = row.change_class, m.why = row.why,
    m.compatible_models = row.compatible_models,
    m.published_at = {at("published_at")}, m.validated_at = {at("validated_at")},
    m.scheduled_at = {at("scheduled_at")}, m.decided_at = {at("decided_at")},
    m.decided_by = row.decided_by, m.decided_why = row.decided_why, m.executed_at = {at("executed_at")},
    m.verified_at = {at("verified_at")}, m.rolled_back_at = {at("rolled_back_at")},
    m.rolled_back_why = row.rolled_back_why, m.confirmed_at = {at("confirmed_at")}, m.sync_timestamp = datetime()
MERGE (s)-[:HAS_MIGRATION]->(m)
MERGE (m)-[:TO]->(v)
""",
)

# The migration stores which models it moved, and which it joined to a schema that they had not used, so that
# ROLLED_BACK restores exactly these. Run again, it changes nothing.
EXECUTED = template(
    "CURRENT_VERSION and USES_SCHEMA moved",
    VersionChangeRow,
    """
CALL (row) {
  MATCH (m:SchemaMigration {migration_id: row.migration_id})
  MATCH (s:Schema {schema_id: row.schema_id})
  MATCH (new:SchemaVersion {version_id: row.to_id})
  CALL (s, new) {
    MATCH (s)-[current:CURRENT_VERSION]->(other) WHERE other <> new
    DELETE current
  }
  MERGE (s)-[:CURRENT_VERSION]->(new)
  WITH row, m, new
  CALL (row, new) {
    MATCH (k:Model)-[uses:USES_SCHEMA]->(old:SchemaVersion {version_id: row.from_id}) WHERE old <> new
    WITH k, uses, new ORDER BY k.model_id
    DELETE uses
    MERGE (k)-[:USES_SCHEMA]->(new)
    RETURN collect(k.model_id) AS moved
  }
  CALL (row, new) {
    MATCH (k:Model) WHERE k.model_id IN row.model_ids AND NOT EXISTS { (k)-[:USES_SCHEMA]->(new) }
    WITH k, new ORDER BY k.model_id
    MERGE (k)-[:USES_SCHEMA]->(new)
    RETURN collect(k.model_id) AS joined
  }
  SET m.moved_models = coalesce(m.moved_models, []) + moved,
      m.joined_models = coalesce(m.joined_models, []) + joined
}
""",
)

ROLLED_BACK = template(
    "CURRENT_VERSION and USES_SCHEMA moved back",
    VersionChangeRow,
    """
CALL (row) {
  MATCH (m:SchemaMigration {migration_id: row.migration_id})
  MATCH (s:Schema {schema_id: row.schema_id})
  MATCH (new:SchemaVersion {version_id: row.to_id})
  CALL (s) {
    MATCH (s)-[current:CURRENT_VERSION]->()
    DELETE current
  }
  CALL (m, new) {
    MATCH (k:Model)-[uses:USES_SCHEMA]->(new) WHERE k.model_id IN m.moved_models OR k.model_id IN m.joined_models
    DELETE uses
  }
  MATCH (old:SchemaVersion {version_id: row.from_id})
  MERGE (s)-[:CURRENT_VERSION]->(old)
  WITH m, old
  MATCH (k:Model) WHERE k.model_id IN m.moved_models
  MERGE (k)-[:USES_SCHEMA]->(old)
}
""",
)
