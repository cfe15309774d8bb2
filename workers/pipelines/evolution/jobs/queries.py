"""The queries of the jobs, and the bookkeeping of what they have announced.

``announced_at`` is when a step was last written to the log, from the state ``announced_state``. While the graph does
not show its outcome, it is written again after ``REPEAT_MS``; a repeated event changes nothing. The worker may have
written the next state before the job stores that it announced the last one: the state says which one is meant.
"""

from workers.core.node_key import cypher_version_id
from workers.core.reference import Query
from workers.pipelines.evolution.states import BLOCKING, UNDER_WAY, State

REPEAT_MS = 60_000
LATELY_MINUTES = 10
"""How far back a round looks for changes, by the clock of the graph. Longer than any transaction."""
SCHEMAS_A_PAGE = 10
"""Each with two JSON Schemas, of which one can have a MiB."""
MIGRATIONS_A_PAGE = 50
DIGITS = 20
"""Digits of a part of a version: more than a timestamp has."""


def _order(version: str) -> str:
    """Return Cypher for a text that sorts as versions do: 1.9 before 1.10."""
    padded = f"CASE WHEN size(part) < {DIGITS} THEN right('{'0' * DIGITS}' + part, {DIGITS}) ELSE part END"
    return f"reduce(order = '', part IN split({version}.version, '.') | order + {padded} + '.')"


EVERY_SCHEMA = "MATCH (s:Schema)"
SCHEMAS_CHANGED_LATELY = f"""
CALL () {{
  MATCH (v:SchemaVersion) WHERE v.sync_timestamp > datetime() - duration({{minutes: {LATELY_MINUTES}}})
  RETURN v.schema_id AS schema_id
  UNION
  MATCH (m:SchemaMigration) WHERE m.sync_timestamp > datetime() - duration({{minutes: {LATELY_MINUTES}}})
  RETURN m.schema_id AS schema_id
}}
MATCH (s:Schema {{schema_id: schema_id}})
"""

# The oldest version without a migration, of each schema without a running migration, and the current version.
UNMIGRATED = f"""
WHERE NOT EXISTS {{ MATCH (s)-[:HAS_MIGRATION]->(m) WHERE m.state IN $blocking }}
CALL (s) {{
  MATCH (s)-[:HAS_VERSION]->(v:SchemaVersion)
  WHERE v.json_schema IS NOT NULL AND v.hash IS NOT NULL AND v.deleted_at IS NULL
    AND NOT EXISTS {{ MATCH (:SchemaMigration {{migration_id: v.version_id + '#' + left(v.hash, 12)}}) }}
  RETURN v ORDER BY v.published_at, {_order("v")} LIMIT 1
}}
WITH s, v WHERE v.announced_at IS NULL OR v.announced_at < datetime({{epochMillis: $announced_before}})
LIMIT {SCHEMAS_A_PAGE}
OPTIONAL MATCH (s)-[:CURRENT_VERSION]->(current:SchemaVersion)
WITH s, v, head(collect(current)) AS current
RETURN s.schema_id AS schema_id, v.version AS version, v.hash AS hash, v.json_schema AS json_schema,
  v.published_at.epochMillis AS published_at,
  COLLECT {{ MATCH (v)-[:COMPATIBLE_WITH]->(k:Model) RETURN k.model_id ORDER BY k.model_id }} AS compatible_models,
  current.version AS current_version, current.hash AS current_hash, current.json_schema AS current_json_schema
"""

# Migrations with a next step. A migration waits while the registry has not sent its version yet, as in a rebuilt graph.
DUE = f"""
MATCH (s:Schema)-[:HAS_MIGRATION]->(m:SchemaMigration)-[:TO]->(v:SchemaVersion)
WHERE m.state IN $under_way AND v.sync_timestamp IS NOT NULL
  AND (m.announced_state IS NULL OR m.announced_state <> m.state
       OR m.announced_at < datetime({{epochMillis: $announced_before}}))
  AND (m.confirm_at IS NULL OR m.confirm_at <= datetime({{epochMillis: $now}}))
WITH s, m, v,
  COLLECT {{ MATCH (s)-[:CURRENT_VERSION]->(c:SchemaVersion) RETURN c ORDER BY c.version }} AS currents,
  COLLECT {{
    UNWIND m.compatible_models AS named
    OPTIONAL MATCH (k:Model {{model_id: named}}) WHERE NOT k.stub
    WITH named, k
    WHERE k IS NULL AND NOT EXISTS {{ MATCH (other:Model) WHERE named IN other.aliases AND NOT other.stub }}
    RETURN named
  }} AS unknown
WITH *, head(currents) AS c
WITH *, CASE
  WHEN m.state IN $executed THEN null
  WHEN v.deleted_at IS NOT NULL THEN 'its version was deleted'
  WHEN v.hash IS NULL OR v.hash <> m.hash THEN 'its version was published again with other contents'
  WHEN v.published_at < c.published_at OR v.published_at = c.published_at AND {_order("v")} < {_order("c")}
    THEN 'it is older than the current version ' + c.version
END AS obstacle
WHERE obstacle IS NOT NULL OR m.state IN $moving
  OR m.state = 'AWAITING_APPROVAL' AND m.notified_at IS NULL
  OR m.state = 'BUFFERED' AND (unknown = [] OR m.validated_at <= datetime({{epochMillis: $buffered_before}}))
RETURN m.migration_id AS migration_id, m.schema_id AS schema_id, m.to_version AS version, m.hash AS hash,
  m.state AS state, m.from_version AS from_version, m.change_class AS change_class, m.why AS why, obstacle, unknown,
  m.decided_by AS decided_by, m.decided_why AS decided_why, m.executed_at.epochMillis AS executed_at,
  coalesce(m.refusals, 0) AS refusals,
  [c IN currents | c.version] AS currents,
  CASE WHEN m.state = 'EXECUTED' THEN v.json_schema END AS json_schema,
  COLLECT {{
    MATCH (old:SchemaVersion {{version_id: {cypher_version_id("m.schema_id", "m.from_version")}}})
    MATCH (k:Model)-[:USES_SCHEMA]->(old)
    WHERE m.from_version <> m.to_version
    RETURN k.model_id ORDER BY k.model_id
  }} AS left_behind,
  COLLECT {{
    MATCH (k:Model) WHERE k.model_id IN m.compatible_models + coalesce(m.moved_models, [])
      AND NOT EXISTS {{ (k)-[:USES_SCHEMA]->(v) }}
    RETURN k.model_id ORDER BY k.model_id
  }} AS without_version
ORDER BY m.validated_at, migration_id LIMIT {MIGRATIONS_A_PAGE}
"""

WAITING = "MATCH (m:SchemaMigration {state: 'AWAITING_APPROVAL'}) RETURN count(m) AS waiting"

VERSION_ANNOUNCED = """
MATCH (v:SchemaVersion {version_id: $version_id})
WHERE NOT EXISTS { MATCH (:SchemaMigration {migration_id: $migration_id}) }
SET v.announced_at = datetime({epochMillis: $now})
"""

STEP_ANNOUNCED = """
MATCH (m:SchemaMigration {migration_id: $migration_id})
SET m.announced_state = $state, m.announced_at = datetime({epochMillis: $now})
"""

CONFIRMATION_REFUSED = """
MATCH (m:SchemaMigration {migration_id: $migration_id})
SET m.refusals = $refusals, m.refused_why = $refused_why, m.confirm_at = datetime({epochMillis: $confirm_at})
"""

NOTIFIED = """
MATCH (m:SchemaMigration {migration_id: $migration_id})
SET m.notified_at = datetime({epochMillis: $now})
"""

EXECUTED = (State.EXECUTED, State.VERIFIED)
"""States after the migration: it is verified, and rolled back after a problem."""
MOVING = (State.SCHEDULED, *EXECUTED)
"""States with a next step at any time."""


def unmigrated(now_ms: int, *, of_all: bool) -> Query:
    """Return the query for versions without a migration, of all schemas or of those that have changed lately."""
    schemas = EVERY_SCHEMA if of_all else SCHEMAS_CHANGED_LATELY
    return Query(schemas + UNMIGRATED, {"blocking": sorted(BLOCKING), "announced_before": now_ms - REPEAT_MS})


def due(now_ms: int, forward_wait_ms: int) -> Query:
    """Return the query for migrations with a next step. Forward changes wait for at most ``forward_wait_ms``."""
    parameters = {
        "under_way": sorted(UNDER_WAY),
        "executed": list(EXECUTED),
        "moving": list(MOVING),
        "now": now_ms,
        "announced_before": now_ms - REPEAT_MS,
        "buffered_before": now_ms - forward_wait_ms,
    }
    return Query(DUE, parameters)
