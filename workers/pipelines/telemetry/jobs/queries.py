"""The Cypher of the jobs. Times are Neo4j's own, so that processes with other clocks agree."""

NAMES = """
MATCH (n:ModelName) WHERE n.id > $after
RETURN n.id AS id, n.provider AS provider, n.name AS name, n.meaning AS meaning
ORDER BY id LIMIT $page
"""

# In a transaction of its own: from then on, a worker that still writes by the former meaning marks the name.
MEANING_CHANGED = """
MATCH (n:ModelName {id: $id})
SET n.meaning = $meaning, n.open = $open, n.changed_at = datetime(), n.check_at = datetime(),
    n.model_ids = n.model_ids + [each IN $model_ids WHERE NOT each IN n.model_ids]
FOREACH (stub IN CASE WHEN $open THEN [n.name] ELSE [] END |
  MERGE (m:Model {model_id: stub})
    ON CREATE SET m.stub = true, m.name = $card.name, m.context_window = $card.context_window
)
"""

DUE = """
MATCH (n:ModelName) WHERE n.check_at <= datetime()
RETURN n.id AS id, n.provider AS provider, n.name AS name, n.model_ids AS model_ids, toString(n.check_at) AS check_at
ORDER BY n.check_at, id LIMIT $page
"""

MISPLACED = """
UNWIND $moves AS move
RETURN move,
  COLLECT {
    MATCH (:Model {model_id: move.source})<-[:USES_MODEL]-(i:Invocation)
    WHERE i.model_id = move.name AND i.provider = move.provider
      AND i.timestamp >= datetime({epochMillis: move.since}) AND i.timestamp < datetime({epochMillis: move.until})
    RETURN i.key LIMIT $page
  } AS calls,
  COLLECT {
    MATCH (:Model {model_id: move.source})-[:HAS_METRIC]->(p:PerformanceMetric)
    WHERE p.model_id = move.name AND p.provider = move.provider
      AND p.timestamp >= datetime({epochMillis: move.since}) AND p.timestamp < datetime({epochMillis: move.until})
    RETURN p.id LIMIT $page
  } AS metrics
"""

TARGET = """
MERGE (t:Model {model_id: $move.target})
  ON CREATE SET t.stub = true, t.name = $card.name, t.context_window = $card.context_window
"""

# Locked before it is compared: an event may just change the call's name or time. Usage of the moved calls' windows is
# counted again.
CALLS_MOVED = f"""{TARGET.strip()}
WITH t UNWIND $keys AS key
MATCH (i:Invocation {{key: key}})
SET i.key = key
WITH i, t
WHERE i.model_id = $move.name AND i.provider = $move.provider
  AND i.timestamp >= datetime({{epochMillis: $move.since}}) AND i.timestamp < datetime({{epochMillis: $move.until}})
MATCH (i)-[r:USES_MODEL]->(:Model {{model_id: $move.source}})
DELETE r
CREATE (i)-[:USES_MODEL]->(t)
WITH min(i.timestamp) AS first, max(i.timestamp) AS last
MATCH (p:UsagePeriod)
WHERE p.start > first - duration({{days: 1}}) AND p.start <= last AND p.end > first AND p.count_at IS NULL
SET p.count_at = datetime()
"""

METRICS_MOVED = f"""{TARGET.strip()}
WITH t UNWIND $keys AS key
MATCH (p:PerformanceMetric {{id: key}})
SET p.id = key
WITH p, t MATCH (p)<-[r:HAS_METRIC]-(:Model {{model_id: $move.source}})
DELETE r
CREATE (t)-[:HAS_METRIC]->(p)
"""

# A transaction that read the former meaning can still commit for a while: the name is looked at once more.
SETTLED = """
MATCH (n:ModelName {id: $id})
SET n.id = n.id
WITH n, n.changed_at + duration({seconds: $again_after}) > datetime() AS again
WHERE toString(n.check_at) = $check_at AND n.model_ids = $checked
SET n.check_at = CASE WHEN again THEN n.changed_at + duration({seconds: $again_after}) END,
    n.model_ids = CASE WHEN again THEN n.model_ids ELSE $model_ids END
"""

# Not DETACH: were something to refer to the stub meanwhile, the server refuses to leave it dangling.
STUB_MERGED = """
MATCH (m:Model {model_id: $name})
WHERE m.stub AND NOT EXISTS { MATCH (:ModelName {name: $name, open: true}) }
  AND NOT EXISTS { (m)<-[:USES_MODEL|COMPATIBLE_WITH]-() } AND NOT EXISTS { (m)-[:HAS_METRIC]->() }
CALL (m) {
  MATCH (m)-[uses:USES_SCHEMA]->(v)<-[:HAS_VERSION]-(s:Schema)
  MATCH (t:Model {model_id: $model_id})
  DELETE uses
  WITH s, v, t WHERE NOT EXISTS { (t)-[:USES_SCHEMA]->(:SchemaVersion)<-[:HAS_VERSION]-(s) }
  MERGE (t)-[:USES_SCHEMA]->(v)
}
CALL (m) { MATCH (m)-[:HAS_USAGE]->(w:UsageWindow) DETACH DELETE w }
WITH DISTINCT m WHERE NOT EXISTS { (m)--() }
DELETE m
"""

COMPATIBLE = """
MATCH (v:SchemaVersion) WHERE v.compatible_models IS NOT NULL
RETURN v.version_id AS version_id, v.compatible_models AS names,
  COLLECT { MATCH (v)-[:COMPATIBLE_WITH]->(m:Model) RETURN m.model_id } AS model_ids,
  COLLECT { UNWIND v.compatible_models AS name MATCH (m:Model {model_id: name}) WHERE m.stub RETURN name } AS stubs
"""

# A worker that has not read a change of the registry yet can create a name until $known_after seconds later.
UNCOMPARED = """
MATCH (m:Model) WHERE m.purge_after <= datetime() AND NOT coalesce(m.names_compared_at > m.sync_timestamp, false)
  AND m.sync_timestamp + duration({seconds: $known_after}) < datetime($read_at)
RETURN m.model_id AS id
"""

COMPARED = """
UNWIND $model_ids AS model_id
MATCH (m:Model {model_id: model_id})
SET m.names_compared_at = datetime($read_at)
"""

COMPATIBLE_CHANGED = """
MATCH (v:SchemaVersion {version_id: $version_id})
SET v.version_id = v.version_id
WITH v WHERE v.compatible_models = $names
CALL (v) { MATCH (v)-[r:COMPATIBLE_WITH]->(m:Model) WHERE NOT m.model_id IN $model_ids DELETE r }
WITH v UNWIND $model_ids AS model_id
MERGE (m:Model {model_id: model_id})
  ON CREATE SET m.stub = true
MERGE (v)-[:COMPATIBLE_WITH]->(m)
"""
