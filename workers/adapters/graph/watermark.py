"""The Cypher that guards every write: one bookkeeping node per (worker, topic, partition), locked before it is read."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from workers.core.record import TopicPartition

# Planned once: otherwise the server plans it again whenever the graph has grown, for seconds in its first minutes.
# Every node is found by its key, so a plan made for an empty graph suits a full one. But a bad plan is kept, too: one
# that was made just after many nodes were deleted read a whole index for each row. An index hint prevents that.
REUSE_PLAN = "CYPHER replan=skip"

# SET takes the node's lock before anything of it is read: of two claims at once the second sees what the first left.
# A node that was deleted while we waited for its lock has no properties, and SET on it does nothing: no row, then.
CLAIM = f"""{REUSE_PLAN}
MERGE (w:Watermark {{id: $id}})
  ON CREATE SET w.epoch = 0, w.offset = $nothing, w.topic_id = $topic_id
SET w.token = $token
WITH w, w.topic_id = $topic_id AS same_topic
SET w.topic_id = $topic_id, w.updated_at = datetime(),
    w.offset = CASE WHEN same_topic THEN w.offset ELSE $nothing END,
    w.epoch = CASE WHEN same_topic THEN w.epoch ELSE w.epoch + 1 END
WITH w.offset AS offset, w.epoch AS epoch WHERE offset IS NOT NULL
RETURN offset, epoch
"""

# Locks, compares under the lock, and leaves no row to go on with where one batch must not be written. The offset is
# compared too: a graph that was restored from a backup may have our token and miss our latest batches. That the offset
# moves before the statements run does not matter: a transaction shows all of itself or nothing.
ADVANCE = """
UNWIND $claims[0] AS claim
MATCH (w:Watermark {id: claim.id})
SET w.updated_at = datetime()
WITH w, claim WHERE w.token = claim.token AND w.offset = claim.after
WITH collect([w, claim.through]) AS owned
WHERE size(owned) = size($claims[0])
FOREACH (each IN owned | SET (each[0]).offset = each[1])
WITH owned
"""

# It takes no lock, so it may meet a node that is deleted meanwhile, and has no properties any more.
READ_ALL = f"""{REUSE_PLAN}
MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix
WITH toInteger(substring(w.id, size($prefix))) AS partition, w.token AS token, w.offset AS offset
WHERE partition IS NOT NULL AND offset IS NOT NULL
RETURN partition, token, offset
"""

CHECK = f"""{REUSE_PLAN}
MATCH (w:Watermark {{id: $id}})
SET w.updated_at = datetime()
RETURN w.token = $token AS owned, w.offset AS offset
"""

READ_OWNER = f"{REUSE_PLAN} MATCH (w:Watermark {{id: $id}}) RETURN w.token = $token AS owned, w.offset AS offset"


def watermark_id(worker: str, topic_partition: TopicPartition) -> str:
    """The key of the watermark node: ``<worker>/<topic>/<partition>``."""
    return f"{worker}/{topic_partition.topic}/{topic_partition.partition}"


@lru_cache(maxsize=1024)
def guarded(cyphers: Sequence[str]) -> str:
    """Join the statements, each in a subquery of its own, behind the watermarks: one query, one round trip.

    Beside BEGIN, a RUN for each statement, and COMMIT, measured with thirteen statements over 1,000 events: a fifth
    to two fifths more events a second, half the time for a small batch, and half the time spent in this process.

    The price: the server plans each combination of statements once, in about half a second for thirteen. So a
    plan should list all its statements always, in one order; a statement without rows costs next to nothing.

    ``$rows`` is one list with the rows of each statement: the server plans again for parameters whose lists are of
    another order of magnitude, and a list a statement would make nearly every batch a new combination (measured:
    330 ms a batch instead of 7). ``$claims`` is nested for the same reason.
    """
    return "\n".join((REUSE_PLAN, ADVANCE.strip(), *subqueries(cyphers), "RETURN size(owned) AS written"))


def subqueries(cyphers: Sequence[str]) -> Iterator[str]:
    """Yield each statement as a subquery on its own rows, ``$rows[0]`` for the first."""
    for position, cypher in enumerate(cyphers):
        yield "CALL () {\n" + re.sub(r"\$rows\b", f"$rows[{position}]", cypher) + "\n}"


@lru_cache(maxsize=64)
def planned_once(cypher: str) -> str:
    """Return a reading query with ``$keys`` nested in a list, so that their number does not cause another plan."""
    return REUSE_PLAN + "\n" + re.sub(r"\$keys\b", "$keys[0]", cypher.strip())
