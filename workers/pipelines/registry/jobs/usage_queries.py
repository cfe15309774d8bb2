"""The Cypher of usage statistics. Points in time are parameters in epoch milliseconds."""

# First the days with calls: years without calls cost only one look at each day.
NEW_PERIODS = """
MATCH (i:Invocation)
WHERE i.timestamp >= datetime({epochMillis: $since}) AND i.timestamp < datetime({epochMillis: $until})
WITH i.timestamp AS first ORDER BY first LIMIT 1
UNWIND range(first.epochMillis / $day, ($until - 1) / $day) AS day
WITH day WHERE EXISTS {
  MATCH (i:Invocation)
  WHERE i.timestamp >= datetime({epochMillis: day * $day}) AND i.timestamp < datetime({epochMillis: (day + 1) * $day})
}
UNWIND range(day * $day, (day + 1) * $day - 1, $length) AS start
WITH start, datetime({epochMillis: start}) AS from, datetime({epochMillis: start + $length}) AS to
WHERE start + $length <= $until
  AND EXISTS { MATCH (i:Invocation) WHERE i.timestamp >= from AND i.timestamp < to }
  AND NOT EXISTS {
    MATCH (p:UsagePeriod)
    WHERE p.start > datetime({epochMillis: start - $day}) AND p.start < to AND p.end > from
  }
RETURN start ORDER BY start LIMIT $page
"""

PERIODS_FOUND = """
UNWIND $starts AS start
MERGE (p:UsagePeriod {start: datetime({epochMillis: start})})
  ON CREATE SET p.end = datetime({epochMillis: start + $length}), p.count_at = datetime({epochMillis: $now})
"""

# Latencies as whole microseconds: their sum does not depend on the order of the calls, and floats never overflow.
PERIOD_DUE = """
MATCH (p:UsagePeriod) WHERE p.count_at <= datetime({epochMillis: $now})
WITH p ORDER BY p.count_at, p.start LIMIT 1
RETURN p.start.epochMillis AS start, p.counted_at.epochMillis AS counted_at,
  COLLECT {
    MATCH (w:UsageWindow {start: p.start})
    RETURN {model_id: w.model_id, digest: w.digest, revision: w.revision}
  } AS known,
  COLLECT {
    MATCH (i:Invocation)-[:USES_MODEL]->(m:Model) WHERE i.timestamp >= p.start AND i.timestamp < p.end
    WITH m.model_id AS model_id, count(*) AS total, count(DISTINCT i.user_id) AS users,
      sum(round(i.latency_ms * 1000)) AS latency_us, count(i.latency_ms) AS measured,
      count(CASE WHEN i.status IN ['ERROR', 'TIMEOUT'] THEN 1 END) AS failed
    RETURN {model_id: model_id, total: total, users: users, latency_us: latency_us, measured: measured, failed: failed}
  } AS counted,
  COLLECT {
    MATCH (i:Invocation)-[:USES_MODEL]->(m:Model)
    WHERE i.timestamp >= p.start AND i.timestamp < p.end AND i.use_case IS NOT NULL
    WITH m.model_id AS model_id, i.use_case AS use_case, count(*) AS uses
    ORDER BY uses DESC, use_case
    WITH model_id, collect([use_case, uses])[..$top] AS top
    RETURN [model_id, top]
  } AS use_cases
"""

# The first SET locks the window, so that the compared revision does not change before the end.
PERIOD_COUNTED = """
MATCH (p:UsagePeriod {start: datetime({epochMillis: $start})})
SET p.counted_at = datetime({epochMillis: $counted_at}),
    p.count_at = CASE WHEN $count_at IS NOT NULL THEN datetime({epochMillis: $count_at}) END
WITH p
UNWIND $rows AS row
MATCH (m:Model {model_id: row.model_id})
MERGE (w:UsageWindow {id: row.id})
SET w.model_id = row.model_id
WITH p, m, w, row WHERE coalesce(w.revision, 0) = row.revision - 1
SET w.start = p.start, w.end = p.end, w.revision = row.revision, w.digest = row.digest, w.stats_id = row.stats_id,
    w.total_invocations = row.total_invocations, w.unique_users = row.unique_users,
    w.avg_latency_ms = row.avg_latency_ms, w.error_rate = row.error_rate, w.top_use_cases = row.top_use_cases,
    w.posted_at = null, w.refusals = null, w.post_at = datetime({epochMillis: $now})
WITH m, w WHERE NOT EXISTS { (w)<-[:HAS_USAGE]-() }
CREATE (m)-[:HAS_USAGE]->(w)
"""

WINDOWS_DUE = """
MATCH (w:UsageWindow) WHERE w.post_at <= datetime({epochMillis: $now})
WITH w ORDER BY w.post_at, w.id LIMIT $page
RETURN w.id AS id, w.model_id AS model_id, w.start.epochMillis AS start, w.end.epochMillis AS end,
  w.revision AS revision, w.stats_id AS stats_id, w.total_invocations AS total_invocations,
  w.unique_users AS unique_users, w.avg_latency_ms AS avg_latency_ms, w.error_rate AS error_rate,
  w.top_use_cases AS top_use_cases, coalesce(w.refusals, 0) AS refusals,
  head([(m:Model)-[:HAS_USAGE]->(w) | m.provider]) AS provider
"""

# Mark only the statistics that were sent: the window may have got new ones. Locked before it is compared.
WINDOW_POSTED = """
MATCH (w:UsageWindow {id: $id})
SET w.id = $id
WITH w WHERE w.stats_id = $stats_id
SET w.posted_at = datetime({epochMillis: $now}), w.post_at = null, w.refusals = null
"""

WINDOW_REFUSED = """
MATCH (w:UsageWindow {id: $id})
SET w.id = $id
WITH w WHERE w.stats_id = $stats_id
SET w.refusals = $refusals, w.post_at = datetime({epochMillis: $post_at})
"""
