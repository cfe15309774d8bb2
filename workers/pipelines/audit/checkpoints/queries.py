"""The queries of checkpoints. Where they stand is kept on the AuditChain, with the prefix ``checkpoint``.

A checkpoint is stored as it is (``checkpoint_pending``) before it is published. So after a crash the same bytes are
published again, and never two different checkpoints with one number.
"""

from workers.core.reference import Query

# The hash comes from the event at the chain's length: length and head of a chain may be read in the middle of a commit.
DUE = """
MATCH (c:AuditChain {topic: $topic}) WHERE c.chain_id = $chain_id AND (
  c.checkpoint_pending IS NOT NULL OR c.checkpoint_at IS NULL OR c.checkpoint_at <= datetime({epochMillis: $before})
  OR c.length - coalesce(c.checkpoint_sequence, 0) >= $events)
MATCH (e:AuditEvent {partition: c.partition, sequence: c.length})
WHERE e.chain_id = c.chain_id AND e.topic = c.topic
RETURN c.id AS id, c.partition AS partition, e.sequence AS sequence, e.hash AS hash,
  coalesce(c.checkpoint_number, 0) AS number, coalesce(c.checkpoint_digest, '') AS digest,
  coalesce(c.checkpoint_dead_letters, 0) AS dead_letters, c.checkpoint_pending AS pending
ORDER BY id
"""

# Locked before it is compared, and all at once: a second time it changes nothing.
KEEP = """
MATCH (c:AuditChain {id: $id})
SET c.checkpoint_pending = c.checkpoint_pending
WITH c WHERE c.checkpoint_pending IS NULL AND coalesce(c.checkpoint_number, 0) = $number - 1
SET c.checkpoint_pending = $pending, c.checkpoint_dead_letters = $dead_letters
"""

# The archive takes it from there.
PUBLISHED = """
MATCH (c:AuditChain {id: $id}) WHERE c.checkpoint_pending = $pending
SET c.checkpoint_number = $number, c.checkpoint_sequence = $sequence, c.checkpoint_digest = $digest,
  c.checkpoint_at = datetime($created_at)
REMOVE c.checkpoint_pending
WITH c WHERE $archived
CREATE (:AuditCheckpoint {id: $digest, chain: c.id, number: $number, sequence: $sequence, value: $pending,
  signature: $signature, created_at: datetime($created_at)})
"""

AGES = """
MATCH (c:AuditChain {topic: $topic}) WHERE c.chain_id = $chain_id
RETURN c.partition AS partition, coalesce(c.checkpoint_at, c.began_at).epochMillis AS since
"""


def due(topic: str, chain_id: str, before_ms: int, events: int) -> Query:
    """Return the query for chains whose last checkpoint is from ``before_ms`` or so many events ago."""
    return Query(DUE, {"topic": topic, "chain_id": chain_id, "before": before_ms, "events": events})


def ages(topic: str, chain_id: str) -> Query:
    """Return the query for the times of the last checkpoints."""
    return Query(AGES, {"topic": topic, "chain_id": chain_id})
