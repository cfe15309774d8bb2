"""The audit events of the graph, by chain, in their order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.ops.audit.finding import Chain
from workers.pipelines.audit.chain.stored import WHOLE_EPOCH_MS, Stored, stored

PAGE_RECORDS = 2_000
ATTEMPTS = 5

# What the worker has counted, and what is there, by the index audit_event_link: a chain may have lost either.
GONE = "coalesce(c.expired, 0) AS expired, coalesce(c.expired_hash, '') AS expired_hash, c.expired_in AS expired_in"
CHAINS = f"""
MATCH (c:AuditChain {{topic: $topic}})
RETURN c.partition AS partition, c.chain_id AS chain_id, c.length AS length, c.head AS head,
  coalesce(c.checkpoint_number, 0) AS checkpoints, {GONE}
UNION
MATCH (e:AuditEvent)
WHERE e.topic = $topic AND e.chain_id IS NOT NULL AND e.partition IS NOT NULL AND e.sequence IS NOT NULL
WITH DISTINCT e.partition AS partition, e.chain_id AS chain_id
WHERE NOT EXISTS {{ (:AuditChain {{id: $topic + '/' + toString(partition) + '/' + toString(chain_id)}}) }}
RETURN partition, chain_id, 0 AS length, '' AS head, 0 AS checkpoints,
  0 AS expired, '' AS expired_hash, null AS expired_in
"""
COUNTED = f"""
MATCH (c:AuditChain {{id: $topic + '/' + toString($partition) + '/' + $chain_id}})
RETURN c.length AS length, c.head AS head, coalesce(c.checkpoint_number, 0) AS checkpoints, {GONE},
  COLLECT {{ MATCH (e:AuditEvent {{partition: $partition, sequence: c.length}})
    WHERE e.topic = $topic AND e.chain_id = $chain_id RETURN e.hash }} AS hashes
"""

# One list of all events: a row and a time for each of them would cost more than all else of verification.
EVENTS = f"collect(e {{.*, audit_id: e.id, timestamp: {WHOLE_EPOCH_MS}}}) AS events"
# By every property of the index audit_event_link, in its order: so a page reads its own entries of it, and no others.
PAGE = f"""
MATCH (e:AuditEvent {{partition: $partition}})
WHERE e.topic = $topic AND e.chain_id = $chain_id AND e.sequence >= $sequence AND e.sequence <= $last
  AND (e.sequence > $sequence OR e.id > $id)
WITH e ORDER BY e.topic, e.chain_id, e.partition, e.sequence, e.id LIMIT $limit
RETURN {EVENTS}
"""
BY_HASH = f"""
MATCH (e:AuditEvent {{partition: $partition}})
WHERE e.topic = $topic AND e.chain_id = $chain_id AND e.sequence IS NOT NULL AND e[$property] = $hash
WITH e LIMIT 10
WITH e ORDER BY e.sequence, e.id
RETURN {EVENTS}
"""
SPAN = """
MATCH (e:AuditEvent {partition: $partition}) WHERE e.topic = $topic AND e.chain_id = $chain_id
  AND ($since IS NULL OR e.timestamp >= datetime({epochMillis: $since}))
  AND ($until IS NULL OR e.timestamp < datetime({epochMillis: $until}))
RETURN min(e.sequence) AS first, max(e.sequence) AS last
"""
COUNT = """
MATCH (e:AuditEvent {partition: $partition})
WHERE e.topic = $topic AND e.chain_id = $chain_id AND e.sequence > $expired
RETURN count(*) AS events
"""


class Expected(NamedTuple):
    """What the worker has counted of a chain: how many events, the hash of the last one (hex), how many checkpoints.

    ``expired`` is the last sequence that has left the graph for the archive, with its hash, and the object it is in.
    0 and an empty text where that is not known.
    """

    length: int = 0
    hash: str = ""
    checkpoints: int = 0
    expired: int = 0
    expired_hash: str = ""
    expired_in: str = ""


class GraphSource:
    """Reads chains page by page."""

    def __init__(self, graph: GraphConnection) -> None:
        self._graph = graph

    async def chains(self, topic: str) -> dict[Chain, Expected]:
        """Return every chain of a topic, with what the worker has counted."""
        return {
            Chain(topic, row["partition"], row["chain_id"]): _expected(row)
            for row in await self._graph.rows(CHAINS, topic=topic)
        }

    async def counted(self, chain: Chain) -> Expected:
        """Return what the worker has counted of a chain by now.

        Length and hash may be read in the middle of a commit: so it is read again where they are not those of an event.
        """
        expected = Expected()
        for _ in range(ATTEMPTS):
            rows = await self._graph.rows(COUNTED, **chain._asdict())
            expected = _expected(rows[0]) if rows else Expected()
            if not rows or expected.hash in rows[0]["hashes"]:
                break
        return expected

    async def excess(self, chain: Chain, length: int) -> int:
        """Return the first sequence that the worker has not counted, if there is such an event; otherwise 0.

        The last event is asked for before the length: so one that comes meanwhile is counted.
        """
        (row,) = await self._graph.rows(LAST_SEQUENCE, **chain._asdict())
        if row["last"] <= length:
            return 0
        now = (await self.counted(chain)).length
        return now + 1 if row["last"] > now else 0

    async def pages(self, chain: Chain, first: int, last: int) -> AsyncIterator[Sequence[Stored]]:
        """Yield the events from one sequence to another, both included."""
        sequence, after = first, ""
        while page := await self._events(PAGE, chain, sequence=sequence, id=after, last=last, limit=PAGE_RECORDS):
            yield page
            sequence, after = page[-1].sequence, page[-1].audit_id

    async def span(self, chain: Chain, since: int | None, until: int | None) -> tuple[int, int]:
        """Return the first and the last sequence between two times, epoch milliseconds; without them (1, 0)."""
        if since is None and until is None:
            return 1, 0
        (row,) = await self._graph.rows(SPAN, **chain._asdict(), since=since, until=until)
        return (row["first"] if since is not None else 1) or 2**62, 0 if until is None else row["last"] or 1

    async def count(self, chain: Chain, expired: int = 0) -> int:
        """Return how many events a chain has, with those of its first ones that have left the graph."""
        (row,) = await self._graph.rows(COUNT, **chain._asdict(), expired=expired)
        return int(row["events"]) + expired

    async def with_hash(self, chain: Chain, name: str, value: str) -> list[Stored]:
        """Return the events of a chain whose ``hash`` or ``prev_hash`` has a value."""
        return await self._events(BY_HASH, chain, property=name, hash=value)

    async def _events(self, cypher: str, chain: Chain, **parameters: Any) -> list[Stored]:
        ((events,),) = await self._graph.values(cypher, **chain._asdict(), **parameters)
        return [stored(each["sequence"], each) for each in events]


def _expected(row: Mapping[str, Any]) -> Expected:
    expired = row["expired"], row["expired_hash"], row["expired_in"] or ""
    return Expected(row["length"] or 0, row["head"] or "", row["checkpoints"], *expired)


class Placed(NamedTuple):
    """Which event has a place in the chain."""

    sequence: int
    audit_id: str
    event_type: str
    hash: str

    @property
    def identity(self) -> tuple[str, str]:
        """Return what distinguishes it from every other event."""
        return self.audit_id, self.event_type


PLACED = "e.sequence AS sequence, e.id AS audit_id, e.event_type AS event_type, e.hash AS hash"
PLACES = f"""
MATCH (e:AuditEvent {{partition: $partition}})
WHERE e.topic = $topic AND e.chain_id = $chain_id AND e.sequence >= $first AND e.sequence <= $last
RETURN {PLACED} ORDER BY sequence
"""
# One list of texts: a row for each event would cost more than all else of verification.
HASHES = """
MATCH (e:AuditEvent {partition: $partition})
WHERE e.topic = $topic AND e.chain_id = $chain_id AND e.sequence >= $first AND e.sequence <= $last
WITH e.sequence AS sequence, e.hash AS hash ORDER BY sequence
WITH collect(sequence) AS sequences, collect(hash) AS hashes
RETURN CASE WHEN sequences = range($first, $last) THEN hashes ELSE [] END AS hashes
"""
OF_IDS = f"""
UNWIND $ids AS id
MATCH (e:AuditEvent {{id: id}})
RETURN {PLACED}, e.prev_hash AS prev_hash, e.partition AS partition, e.chain_id AS chain_id
"""
WITH_HASH = f"""
MATCH (e:AuditEvent {{partition: $partition}}) WHERE e.topic = $topic AND e.chain_id = $chain_id AND e.hash = $hash
RETURN {PLACED} LIMIT 10
"""
LAST_SEQUENCE = """
MATCH (e:AuditEvent {partition: $partition}) WHERE e.topic = $topic AND e.chain_id = $chain_id
RETURN coalesce(max(e.sequence), 0) AS last
"""


class GraphPlaces:
    """Answers which event of one chain stands where, without its content."""

    def __init__(self, graph: GraphConnection, chain: Chain) -> None:
        self._graph = graph
        self._place = chain._asdict()

    async def between(self, first: int, last: int) -> list[Placed]:
        """Return the events from one sequence to another, both included."""
        return [Placed(**row) for row in await self._graph.rows(PLACES, **self._place, first=first, last=last)]

    async def hashes(self, first: int, last: int) -> list[str]:
        """Return the hash at each sequence from one to another; none where a sequence is missing or there twice."""
        ((hashes,),) = await self._graph.values(HASHES, **self._place, first=first, last=last)
        return list(hashes)

    async def with_hash(self, value: str) -> list[Placed]:
        """Return the events with a hash."""
        return [Placed(**row) for row in await self._graph.rows(WITH_HASH, **self._place, hash=value)]

    async def last(self) -> int:
        """Return the last sequence; 0 for a chain without events."""
        (row,) = await self._graph.rows(LAST_SEQUENCE, **self._place)
        return int(row["last"])
