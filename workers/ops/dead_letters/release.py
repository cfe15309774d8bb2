"""Parked keys of workers with ``order: strict``: what waits, and how an operator releases a key."""

from collections.abc import Iterable
from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.ops.dead_letters.audit import RELEASED, AuditTrail
from workers.ops.dead_letters.journal import Who

FIND = """
MATCH (p:ParkedKey)
WHERE size(p.offsets) > 0 AND ($topic IS NULL OR p.topic = $topic) AND ($key IS NULL OR p.key = $key)
RETURN p.id AS id, p.topic AS topic, p.partition AS partition, p.key AS key, p.offsets AS offsets,
  toString(p.since) AS since
ORDER BY p.since, id
"""

# Like each batch, it locks the watermark first. So it happens between two batches, and no batch brings a key back.
LOCK = "MATCH (w:Watermark {id: $watermark}) SET w.updated_at = datetime() WITH w MATCH (p:ParkedKey {id: $id})"
RELEASE = f"{LOCK} DELETE p"
# A node without offsets keeps the place of what a running batch parks behind the offset that is given up.
RELEASE_FIRST = f"{LOCK} SET p.offsets = [each IN p.offsets WHERE each <> $first]"


class ParkedKey(NamedTuple):
    """A key whose records wait: ``key`` is printable, ``offsets`` are those at which they first came, in order."""

    id: str
    topic: str
    partition: int
    key: str
    offsets: list[int]
    since: str


async def parked_keys(graph: GraphConnection, topic: str | None, key: str | None) -> list[ParkedKey]:
    """List the parked keys of a topic, or of all topics, the oldest first. ``key`` is printable; ``None`` for all."""
    return [ParkedKey(**row) for row in await graph.rows(FIND, topic=topic, key=key)]


async def release(
    graph: GraphConnection, keys: Iterable[ParkedKey], trail: AuditTrail, who: Who, *, only_first: bool
) -> None:
    """Release keys, each in one transaction; with ``only_first`` give up the first offset, and the others still wait.

    The next record of a released key is processed. Its dead letters stay, and can be replayed as ordinary records. The
    audit event comes first, so that nothing is released without one. Raises ``Unreachable``.
    """
    for each in keys:
        given_up = each.offsets[:1] if only_first else each.offsets
        place = {"topic": each.topic, "partition": str(each.partition), "key": each.key}
        await trail.leave(RELEASED, who, {**place, "first": str(given_up[0]), "records": str(len(given_up))})
        cypher = RELEASE_FIRST if only_first else RELEASE
        await graph.rows(cypher, watermark=each.id[: -len(each.key) - 1], id=each.id, first=each.offsets[0])
