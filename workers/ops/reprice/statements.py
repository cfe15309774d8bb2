"""The Cypher that reads Invocations by time, and writes those that differ."""

COLUMNS = """i.model_id, i.provider, i.timestamp.epochMillis, i.prompt_tokens, i.completion_tokens, i.cached_tokens,
  i.cache_write_tokens, i.reasoning_tokens, i.total_tokens, i.token_convention, i.service_tier, i.reported_cost_usd,
  i.cost_usd, i.cost_usd_exact, i.context_utilization, i.price_source, i.price_id, i.cost_note"""

# As text, so that nulls compare: the inputs of price, version and share of the window, and these values themselves.
AS_READ = f"""[each IN [{COLUMNS}] + COLLECT {{ MATCH (i)-[:USES_VERSION]->(v) RETURN v.version_id }} |
  coalesce(toString(each), '')]"""

# Along the index on timestamp; the key orders equal times.
PAGE = f"""
MATCH (i:Invocation)
WHERE i.timestamp >= datetime({{epochMillis: $since}}) AND i.timestamp < datetime({{epochMillis: $until}})
  AND (i.timestamp > datetime({{epochMillis: $since}}) OR i.key > $after)
WITH i ORDER BY i.timestamp, i.key LIMIT $limit
RETURN i.key AS key, [{COLUMNS}] AS columns,
  COLLECT {{ MATCH (i)-[:USES_VERSION]->(v) RETURN v.version_id }} AS version_ids, {AS_READ} AS read
"""

# Setting the key to itself locks the node: the compared values stay the same until the end of the transaction.
WRITE = f"""
UNWIND $rows AS row
MATCH (i:Invocation {{key: row.key}})
SET i.key = row.key
WITH i, row WHERE {AS_READ} = row.read
SET i.cost_usd = row.cost_usd, i.cost_usd_exact = row.cost_usd_exact,
  i.context_utilization = row.context_utilization, i.price_source = row.price_source, i.price_id = row.price_id,
  i.cost_note = row.cost_note
WITH i, row
CALL (i, row) {{
  MATCH (i)-[r:USES_VERSION]->(v) WHERE row.version_id IS NULL OR v.version_id <> row.version_id
  DELETE r
}}
CALL (i, row) {{
  MATCH (v:ModelVersion {{version_id: row.version_id}}) WHERE NOT EXISTS {{ (i)-[:USES_VERSION]->() }}
  CREATE (i)-[:USES_VERSION]->(v)
}}
RETURN count(*) AS written
"""
