"""The parked keys of one partition, as the graph has them: nothing is kept in memory from one batch to the next."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from workers.core.node_key import parked_key_id, parked_key_prefix, printable
from workers.core.ports import NOTHING_WRITTEN, Claim, GraphWriter
from workers.core.record import TopicPartition
from workers.core.statement import Statement, template
from workers.engine.batch.decode import DecodedBatch
from workers.engine.batch.key_order import KeyOrder
from workers.engine.resilience.retry import Server
from workers.engine.sinks import Sinks


class Forget(NamedTuple):
    """A partition of which the graph has nothing: keys that are parked there are of another topic of the same name."""

    prefix: str


class Change(NamedTuple):
    """What a batch changes about a key that was parked before it: which offsets left and joined, in their order."""

    id: str
    left: list[int]
    joined: list[int]
    now_ms: int


class Park(NamedTuple):
    """A key that was free before a batch, and the offsets that wait now."""

    id: str
    topic: str
    partition: int
    key: str
    joined: list[int]
    now_ms: int


READ = """
UNWIND $keys AS key
MATCH (p:ParkedKey {id: key}) WHERE size(p.offsets) > 0
RETURN key, p.offsets AS parts
"""

COUNT = """
UNWIND $keys AS key
OPTIONAL MATCH (p:ParkedKey) WHERE p.id STARTS WITH key AND size(p.offsets) > 0
RETURN key, [count(p), min(p.since.epochMillis)] AS parts
"""

FORGET = template("ParkedKey.forget", Forget, "MATCH (p:ParkedKey) WHERE p.id STARTS WITH row.prefix DELETE p")

# What an operator has released since the batch was read is not parked again: its node is gone.
CHANGE = template(
    "ParkedKey.change",
    Change,
    """
MATCH (p:ParkedKey {id: row.id})
WITH row, p, [each IN p.offsets WHERE NOT each IN row.left] AS stay
SET p.since = CASE WHEN size(stay) = 0 THEN datetime({epochMillis: row.now_ms}) ELSE p.since END,
    p.offsets = stay + row.joined
WITH p WHERE size(p.offsets) = 0
DELETE p
""",
)

PARK = template(
    "ParkedKey.park",
    Park,
    """
MERGE (p:ParkedKey {id: row.id})
SET p.topic = row.topic, p.partition = row.partition, p.key = row.key,
    p.since = datetime({epochMillis: row.now_ms}), p.offsets = coalesce(p.offsets, []) + row.joined
""",
)


class ParkedKeys:
    """Reads the parked keys that a batch needs, and makes the statements that store what it changes.

    They are in the transaction of the batch, so they always fit the watermark.
    """

    def __init__(self, sinks: Sinks) -> None:
        self._sinks = sinks

    async def order(self, claim: Claim, batch: DecodedBatch[Any]) -> KeyOrder:
        """Ask the graph, in one query, which keys of a batch are parked."""
        ids = {parked_key_id(claim.worker, claim.topic_partition, printable(key)): key for key in _keys(batch)}
        if not ids or claim.offset == NOTHING_WRITTEN:
            return KeyOrder({}, batch)
        writer = self._sinks.writer
        found: Mapping[str, Sequence[int]] = await self._sinks.retry.until_done(
            Server.NEO4J, lambda: writer.stored(READ, claim.worker, list(ids))
        )
        return KeyOrder({ids[id_]: offsets for id_, offsets in found.items()}, batch)

    def statements(self, claim: Claim, order: KeyOrder) -> Sequence[Statement]:
        """Return what stores the changes of a batch: always the same statements, so that Neo4j plans them once."""
        now_ms, topic_partition = self._sinks.clock.now_ms(), claim.topic_partition
        forget, change, park = list[Forget](), list[Change](), list[Park]()
        if claim.offset == NOTHING_WRITTEN:
            forget.append(Forget(parked_key_prefix(claim.worker, topic_partition)))
        for key, waiting in order.waiting.items():
            name = printable(key)
            id_ = parked_key_id(claim.worker, topic_partition, name)
            if waiting.was_parked and (waiting.left or waiting.joined):
                change.append(Change(id_, waiting.left, waiting.joined, now_ms))
            elif waiting.joined:
                park.append(Park(id_, *topic_partition, name, waiting.joined, now_ms))
        return [FORGET.on(forget), CHANGE.on(change), PARK.on(park)]


async def count_parked(
    writer: GraphWriter, worker: str, partitions: Iterable[TopicPartition]
) -> tuple[int, int | None]:
    """Return how many keys of these partitions are parked, and since when; epoch milliseconds. Raises ``Retryable``."""
    counts = await writer.stored(COUNT, worker, [parked_key_prefix(worker, each) for each in partitions])
    since = [since_ms for _, since_ms in counts.values() if since_ms is not None]
    return sum(count for count, _ in counts.values()), min(since, default=None)


def _keys(batch: DecodedBatch[Any]) -> set[bytes]:
    rejected = [each.record for each in (*batch.rejected, *batch.sent)]
    records = [*(record for record, _ in batch.events), *rejected, *(each.record for each in batch.dropped)]
    return {record.key for record in records if record.key is not None}
