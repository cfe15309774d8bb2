"""The Cypher of the telemetry worker: one statement for each label and relationship type."""

from workers.core.statement import template
from workers.pipelines.telemetry.write.rows import (
    INVOCATION_COLUMNS,
    AggregateRow,
    CauseRow,
    ChildRow,
    ErrorRow,
    KeyRow,
    LatencyRow,
    ModelChangeRow,
    ModelRow,
    NameRow,
    SuccessorRow,
    VersionChangeRow,
    VersionUseRow,
)

# The hints: Neo4j plans these once. A plan that was made when many nodes had just been deleted, by statistics that were
# no longer true, read the whole index for each row.

# Never SET a property of a Model for an event: all partitions would wait for its lock.
MODELS = template(
    "Model",
    ModelRow,
    """
MERGE (m:Model {model_id: row.model_id})
  ON CREATE SET m.stub = true, m.name = row.name, m.context_window = row.context_window
""",
    shared=True,
)

# A name means other Models once the registry has changed. A worker that has not read that yet marks the name, so that
# the job looks at its calls again.
NAMES = template(
    "ModelName",
    NameRow,
    """
MERGE (n:ModelName {id: row.id})
  ON CREATE SET n.provider = row.provider, n.name = row.name, n.meaning = row.meaning, n.open = row.open,
    n.model_ids = row.model_ids
WITH n, row WHERE n.meaning <> row.meaning
SET n.model_ids = n.model_ids + [each IN row.model_ids WHERE NOT each IN n.model_ids], n.check_at = datetime()
""",
    shared=True,
)

# Locked before it is read: the job may just move the call to another Model.
MODEL_CHANGED = template(
    "USES_MODEL changed",
    ModelChangeRow,
    """
MATCH (i:Invocation {key: row.key}) USING INDEX SEEK i:Invocation(key)
SET i.key = row.key
WITH i, row
MATCH (i)-[r:USES_MODEL]->(m) WHERE m.model_id <> row.used_model
DELETE r
""",
)

# USES_MODEL is created here, where the node is known; not by MERGE, which would also search the Model's side with its
# millions of relationships.
INVOCATIONS = template(
    "Invocation",
    INVOCATION_COLUMNS,
    """
MERGE (i:Invocation {key: row.key})
  ON CREATE SET i.id = row.id, i.trace_id = row.trace_id, i.span_id = row.span_id, i.status = 'STARTED'
SET i.parent_span_id = row.parent_span_id, i.session_id = row.session_id, i.user_id = row.user_id,
    i.model_id = row.model_id, i.provider = row.provider, i.model_version = row.model_version,
    i.timestamp = datetime({epochMillis: row.timestamp}), i.status = coalesce(row.status, i.status),
    i.token_count = row.token_count, i.latency_ms = row.latency_ms,
    i.latency_clamped = row.latency_clamped,
    i.prompt_tokens = row.prompt_tokens, i.completion_tokens = row.completion_tokens,
    i.cached_tokens = row.cached_tokens, i.cache_write_tokens = row.cache_write_tokens,
    i.reasoning_tokens = row.reasoning_tokens, i.token_convention = row.token_convention,
    i.service_tier = row.service_tier, i.reported_cost_usd = row.reported_cost_usd,
    i.total_tokens = row.total_tokens, i.cost_usd = row.cost_usd, i.cost_usd_exact = row.cost_usd_exact,
    i.context_utilization = row.context_utilization, i.price_source = row.price_source, i.price_id = row.price_id,
    i.cost_note = row.cost_note,
    i.use_case = row.use_case, i.team = row.team, i.folded = row.folded
WITH row, i WHERE NOT EXISTS { (i)-[:USES_MODEL]->() }
MATCH (m:Model {model_id: row.used_model}) USING INDEX SEEK m:Model(model_id)
CREATE (i)-[:USES_MODEL]->(m)
""",
    shared=True,
)

# The time of a call may be corrected, and the registry may get older versions later: the version at that time counts.
VERSION_CHANGED = template(
    "USES_VERSION changed",
    VersionChangeRow,
    """
MATCH (i:Invocation {key: row.key})-[r:USES_VERSION]->(v) USING INDEX SEEK i:Invocation(key)
WHERE row.version_id IS NULL OR v.version_id <> row.version_id
DELETE r
""",
)

VERSION_USED = template(
    "USES_VERSION",
    VersionUseRow,
    """
MATCH (i:Invocation {key: row.key}) USING INDEX SEEK i:Invocation(key) WHERE NOT EXISTS { (i)-[:USES_VERSION]->() }
MATCH (v:ModelVersion {version_id: row.version_id}) USING INDEX SEEK v:ModelVersion(version_id)
CREATE (i)-[:USES_VERSION]->(v)
""",
    shared=True,
)

# Of events with one id in several traces the first one owns the node, in this batch (see plan.py) and in earlier ones.
LATENCIES = template(
    "PerformanceMetric of Invocation",
    LatencyRow,
    """
MATCH (i:Invocation {key: row.key}) USING INDEX SEEK i:Invocation(key)
MERGE (p:PerformanceMetric {id: row.id})
  ON CREATE SET p.metric_type = row.metric_type, p.value = row.value, p.percentile = row.percentile,
    p.timestamp = datetime({epochMillis: row.timestamp}), p.model_id = row.model_id,
    p.latency_clamped = row.latency_clamped
WITH i, p WHERE NOT EXISTS { (p)<-[:HAS_METRIC]-() }
CREATE (i)-[:HAS_METRIC]->(p)
""",
)

AGGREGATES = template(
    "PerformanceMetric of Model",
    AggregateRow,
    """
MERGE (p:PerformanceMetric {id: row.id})
  ON CREATE SET p.metric_type = row.metric_type, p.value = row.value, p.model_id = row.model_id,
    p.provider = row.provider, p.timestamp = datetime({epochMillis: row.timestamp}),
    p.window_start = datetime({epochMillis: row.window_start}),
    p.window_end = datetime({epochMillis: row.window_end}), p.total_invocations = row.total_invocations,
    p.avg_latency_ms = row.avg_latency_ms, p.p95_latency_ms = row.p95_latency_ms, p.error_rate = row.error_rate,
    p.latency_clamped = row.latency_clamped
WITH row, p WHERE NOT EXISTS { (p)<-[:HAS_METRIC]-() }
MATCH (m:Model {model_id: row.used_model}) USING INDEX SEEK m:Model(model_id)
CREATE (m)-[:HAS_METRIC]->(p)
""",
    shared=True,
)

ERRORS = template(
    "Error",
    ErrorRow,
    """
MATCH (i:Invocation {key: row.key}) USING INDEX SEEK i:Invocation(key)
MERGE (e:Error {id: row.id})
  ON CREATE SET e.error_type = row.error_type, e.message = row.message, e.severity = row.severity,
    e.caused_by = row.caused_by, e.timestamp = datetime({epochMillis: row.timestamp}), e.model_id = row.model_id,
    e.provider = row.provider, e.trace_id = row.trace_id, e.span_id = row.span_id
WITH i, e WHERE NOT EXISTS { (e)<-[:CAUSED_ERROR]-() }
CREATE (i)-[:CAUSED_ERROR]->(e)
""",
)

# In a subquery both errors are known: otherwise all relationships of one of them are read, and one error can cause any
# number.
CAUSE_REMOVED = template(
    "TRIGGERED_BY parted",
    CauseRow,
    """
MATCH (e:Error {id: row.id}) USING INDEX SEEK e:Error(id)
MATCH (c:Error {id: row.cause}) USING INDEX SEEK c:Error(id)
CALL (e, c) {
  MATCH (e)-[r:TRIGGERED_BY]->(c)
  DELETE r
}
""",
    shared=True,
)

# A cause in another trace is linked if the graph has it.
CAUSES = template(
    "TRIGGERED_BY",
    CauseRow,
    """
MATCH (e:Error {id: row.id}) USING INDEX SEEK e:Error(id)
MATCH (c:Error {id: row.cause}) USING INDEX SEEK c:Error(id)
MERGE (e)-[:TRIGGERED_BY]->(c)
""",
    shared=True,
)

PARENT_CHANGED = template(
    "CHILD_OF changed",
    KeyRow,
    """
MATCH (i:Invocation {key: row.key})-[r:CHILD_OF]->() USING INDEX SEEK i:Invocation(key)
DELETE r
""",
)

# A parent that has not come yet cannot be matched; its children are linked when it comes.
CHILDREN = template(
    "CHILD_OF",
    ChildRow,
    """
MATCH (i:Invocation {key: row.key}) USING INDEX SEEK i:Invocation(key) WHERE NOT EXISTS { (i)-[:CHILD_OF]->() }
MATCH (parent:Invocation {key: row.parent}) USING INDEX SEEK parent:Invocation(key)
CREATE (i)-[:CHILD_OF]->(parent)
""",
)

SUCCESSOR_CHANGED = template(
    "FOLLOWED_BY changed",
    KeyRow,
    """
MATCH (i:Invocation {key: row.key})-[r:FOLLOWED_BY]->() USING INDEX SEEK i:Invocation(key)
DELETE r
""",
)

SUCCESSORS = template(
    "FOLLOWED_BY",
    SuccessorRow,
    """
MATCH (i:Invocation {key: row.key}) USING INDEX SEEK i:Invocation(key) WHERE NOT EXISTS { (i)-[:FOLLOWED_BY]->() }
MATCH (successor:Invocation {key: row.successor}) USING INDEX SEEK successor:Invocation(key)
WHERE NOT EXISTS { (successor)<-[:FOLLOWED_BY]-() }
CREATE (i)-[:FOLLOWED_BY {duration_ms: row.duration_ms}]->(successor)
""",
)

# The hint: a plan that is made for an empty graph would scan all Invocations of a full one. The list has
# the order of Span.restore.
STORED_SPANS = """
UNWIND $keys AS key
MATCH (i:Invocation) USING INDEX i:Invocation(trace_id) WHERE i.trace_id = key
RETURN key, collect(coalesce(i.folded, [
  i.span_id, i.id, i.timestamp.epochMillis, i.model_id, i.provider, i.parent_span_id, i.session_id, i.user_id,
  i.model_version, CASE i.status WHEN 'STARTED' THEN null ELSE i.status END, i.token_count, i.latency_ms,
  i.prompt_tokens, i.completion_tokens, i.use_case, i.team])) AS parts
"""

# A page of keys. It may end within a trace: the next page begins after that trace.
STORED_KEYS = """
MATCH (i:Invocation) USING INDEX i:Invocation(trace_id) WHERE i.trace_id > $after
WITH i.trace_id AS key ORDER BY key LIMIT 10000
RETURN collect(DISTINCT key) AS keys
"""
