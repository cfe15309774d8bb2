"""The queries of the archive. What is archived is kept on the AuditChain, and by object in nodes AuditBatch.

``AuditChain.archived``  the last sequence in the archive; ``archived_hash`` is its hash
``AuditChain.expired``   the last sequence that has left the graph; ``expired_hash`` is its hash
"""

from typing import Any

from workers.core.reference import Query
from workers.pipelines.audit.chain.stored import WHOLE_EPOCH_MS

# One chain at a time, the one that waits for longest. An event whose time is not whole milliseconds was edited.
DUE = """
MATCH (c:AuditChain {topic: $topic})
WHERE $url IS NOT NULL AND c.chain_id = $chain_id
  AND (c.archive_retry_at IS NULL OR c.archive_retry_at <= datetime({epochMillis: $now}))
MATCH (k:AuditCheckpoint {chain: c.id})
WITH c, k ORDER BY k.number, k.created_at
WITH c, coalesce(c.archived, 0) AS after, min(k.created_at) AS since,
  max(k.sequence) AS through, max(k.created_at) AS newest,
  collect({value: k.value, signature: k.signature, sequence: k.sequence, digest: k.id}) AS checkpoints
WITH c, after, since, newest, checkpoints, CASE WHEN through < after THEN after ELSE through END AS through
WHERE through - after >= $events OR since <= datetime({epochMillis: $before})
WITH c, after, since, newest, checkpoints,
  CASE WHEN through < after + $events THEN through ELSE after + $events END AS last
ORDER BY since LIMIT 1
CALL (c, after, last) {
  OPTIONAL MATCH (e:AuditEvent {partition: c.partition})
  WHERE e.topic = c.topic AND e.chain_id = c.chain_id AND e.sequence > after AND e.sequence <= last
  WITH e ORDER BY e.sequence
  RETURN collect(e {.*, audit_id: e.id, timestamp: WHOLE_EPOCH_MS}) AS events
}
RETURN c.id AS id, c.partition AS partition, after, last, c.archived_hash AS hash, newest.epochMillis AS newest,
  [each IN checkpoints WHERE each.sequence <= last] AS checkpoints, events
""".replace("WHOLE_EPOCH_MS", WHOLE_EPOCH_MS)  # an f-string would need every brace twice

# Only what the graph has too: after the restore of a backup the archive is ahead for a while.
ARCHIVED = """
MATCH (c:AuditChain {id: $id}) WHERE coalesce(c.archived, 0) = $after
WITH c, $last = $after OR EXISTS {
  MATCH (e:AuditEvent {topic: c.topic, chain_id: c.chain_id, partition: c.partition, sequence: $last})
  WHERE e.hash = $hash
} AS there
SET c.archive_retry_at = CASE WHEN there THEN null ELSE datetime() + duration('PT1M') END
WITH c WHERE there
SET c.archived = $last, c.archived_hash = $hash
MERGE (b:AuditBatch {id: $name})
  ON CREATE SET b.chain = c.id, b.topic = c.topic, b.first = $after + 1, b.last = $last, b.events = $events,
    b.hash = $hash, b.digest = $digest, b.archived_at = datetime(),
    b.from = datetime({epochMillis: $from}), b.to = datetime({epochMillis: $to}),
    b.until = datetime({epochMillis: $until})
WITH c
MATCH (k:AuditCheckpoint {chain: c.id}) WHERE k.id IN $checkpoints
DELETE k
"""

ARCHIVE_LATER = "MATCH (c:AuditChain {id: $id}) SET c.archive_retry_at = datetime() + duration('PT1M')"

LAG = """
MATCH (c:AuditChain {topic: $topic}) WHERE $url IS NOT NULL AND c.chain_id = $chain_id
OPTIONAL MATCH (k:AuditCheckpoint {chain: c.id})
RETURN c.partition AS partition, min(k.created_at).epochMillis AS since
"""

# In the order of the chain, without a gap, and never the last event: checkpoints and the next link need it.
EXPIRING = """
MATCH (c:AuditChain {topic: $topic})
WHERE $url IS NOT NULL AND (c.expire_retry_at IS NULL OR c.expire_retry_at <= datetime({epochMillis: $now}))
MATCH (b:AuditBatch {chain: c.id}) USING INDEX SEEK b:AuditBatch(chain)
WHERE b.events > 0 AND b.expired_at IS NULL AND b.first <= coalesce(c.expired, 0) + 1 AND b.last < c.length
  AND b.until <= datetime({epochMillis: $before})
WITH c, b ORDER BY b.until LIMIT 1
RETURN c.id AS id, c.topic AS topic, c.partition AS partition, c.chain_id AS chain_id, b.id AS name,
  b.first AS first, b.last AS last, b.hash AS hash, b.digest AS digest, b.until.epochMillis AS until,
  COLLECT {
    MATCH (e:AuditEvent {partition: c.partition})
    WHERE e.topic = c.topic AND e.chain_id = c.chain_id AND e.sequence >= b.first AND e.sequence <= b.last
    RETURN [e.sequence, e.hash]
  } AS places
"""

# First the mark, then the events: who verifies meanwhile begins after it.
EXPIRED = """
MATCH (c:AuditChain {id: $id}) WHERE coalesce(c.expired, 0) = $first - 1
SET c.expired = $last, c.expired_hash = $hash, c.expired_in = $name
"""

# When a key was rotated is asked for long after.
KEYS = """
UNWIND $keys AS row
MERGE (k:VaultKey {key_id: row[0]})
SET k.rotated_at = CASE WHEN k.rotated_at > datetime({epochMillis: row[1]}) THEN k.rotated_at
  ELSE datetime({epochMillis: row[1]}) END
"""

REMOVE = """
UNWIND $places AS place
MATCH (e:AuditEvent {topic: $topic, chain_id: $chain_id, partition: $partition, sequence: place[0]})
WHERE e.hash = place[1]
DETACH DELETE e
"""

GONE = "MATCH (b:AuditBatch {id: $name}) SET b.expired_at = datetime()"
EXPIRE_LATER = "MATCH (c:AuditChain {id: $id}) SET c.expire_retry_at = datetime() + duration('PT1H')"


def due(archive: dict[str, Any], now_ms: int, before_ms: int, events: int) -> Query:
    """Return the query for the next batch: so many events, or a checkpoint from before ``before_ms``."""
    return Query(DUE, {**archive, "now": now_ms, "before": before_ms, "events": events})


def expiring(topic: str, url: str | None, now_ms: int, before_ms: int) -> Query:
    """Return the query for the next batch of a topic whose events are all older than ``before_ms``."""
    return Query(EXPIRING, {"topic": topic, "url": url, "now": now_ms, "before": before_ms})
