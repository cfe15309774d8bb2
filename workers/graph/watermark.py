"""The Cypher that guards every write: one bookkeeping node per (worker, topic, partition), locked before it is read."""

import re
from collections.abc import Sequence
from functools import lru_cache

from workers.core.record import TopicPartition

# SET takes the node's lock before anything of it is read: of two claims at once the second sees what the first left.
CLAIM = """
MERGE (w:Watermark {id: $id})
  ON CREATE SET w.lineage = $lineage, w.epoch = 0, w.offset = $nothing, w.topic_id = $topic_id
SET w.token = $token
WITH w, w.topic_id = $topic_id AS same_topic
SET w.topic_id = $topic_id, w.updated_at = datetime(),
    w.offset = CASE WHEN same_topic THEN w.offset ELSE $nothing END,
    w.epoch = CASE WHEN same_topic THEN w.epoch ELSE w.epoch + 1 END
RETURN w.offset AS offset, w.lineage AS lineage, w.epoch AS epoch
"""

# Locks, compares under the lock, and leaves no row to go on with where the batch must not be written. That the offset
# moves before the statements run does not matter: a transaction shows all of itself or nothing.
ADVANCE = """
MATCH (w:Watermark {id: $id})
SET w.updated_at = datetime()
WITH w WHERE w.token = $token AND w.offset < $through
SET w.offset = $through
WITH w
"""

STANDING = "MATCH (w:Watermark {id: $id}) RETURN w.token = $token AS owned, w.offset AS offset"


def watermark_id(worker: str, topic_partition: TopicPartition) -> str:
    """The key of the watermark node: ``<worker>/<topic>/<partition>``."""
    return f"{worker}/{topic_partition.topic}/{topic_partition.partition}"


def rows_parameter(position: int) -> str:
    """The name under which the rows of the statement at ``position`` travel."""
    return f"rows_{position}"


@lru_cache(maxsize=1024)
def guarded(cyphers: Sequence[str]) -> str:
    """Join a batch's statements, each in a subquery of its own, behind the watermark: one query, one round trip.

    Measured with four statements of 1,000 rows, four partitions at once: 20 % more rows a second, and 5 µs an event
    less in this process, than BEGIN, a RUN for each statement, and COMMIT. The server plans each combination
    of statements once (0.1 to 0.2 s): a worker whose plans always list all of its statements has one combination.
    """
    parts = (
        "CALL () {\n" + re.sub(r"\$rows\b", f"${rows_parameter(position)}", cypher) + "\n}"
        for position, cypher in enumerate(cyphers)
    )
    return "\n".join((ADVANCE.strip(), *parts, "RETURN w.offset AS offset"))
