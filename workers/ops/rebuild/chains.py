"""The chains of audit events: whether they can be the same ones again, and the checkpoints that go on after them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.core.record import ConsumedRecord, TopicPartition
from workers.ops.graph_check.watermarks import PartitionMark
from workers.pipelines.audit.checkpoints.checkpoint import TOPIC, Checkpoint, read_checkpoint
from workers.pipelines.audit.fold.chain import ChainName
from workers.pipelines.audit.options import AuditOptions

FIX = (
    "restore the graph from a backup, whose chains go on (memory-graph graph restore); or leave it out with "
    "--without audit, and begin a new chain after the switch (workers.audit.chain_id)"
)

# The next checkpoint names the last one before it. Where the hash differs, `verify` says so, and nothing goes on.
GO_ON = """
MATCH (c:AuditChain {id: $id}) WHERE coalesce(c.checkpoint_number, 0) < $number
  AND EXISTS {
    MATCH (e:AuditEvent {partition: c.partition, sequence: $sequence})
    WHERE e.topic = c.topic AND e.chain_id = c.chain_id AND e.hash = $hash
  }
SET c.checkpoint_number = $number, c.checkpoint_sequence = $sequence, c.checkpoint_digest = $digest,
  c.checkpoint_at = datetime($created_at)
"""


Checkpoints = Mapping[ChainName, Checkpoint]
"""The last checkpoint of each chain that was published."""


def published(kafka: KafkaSettings, topic: str) -> Checkpoints:
    """Read the topic of checkpoints, of the chains of one topic. Blocks. Raises ``Unreachable``, ``Misconfigured``."""
    if TOPIC not in Admin(kafka).topics():
        return {}
    reader = TopicReader(kafka, TOPIC)
    return last_of(reader.between({}, reader.end_offsets()), topic)


def last_of(records: Iterable[ConsumedRecord], topic: str) -> dict[ChainName, Checkpoint]:
    """Return the checkpoint with the highest number of each chain of a topic."""
    last: dict[ChainName, Checkpoint] = {}
    for record in records:
        found = read_checkpoint(record.value)
        if found is not None and found.topic == topic:
            name = ChainName.of(TopicPartition(topic, found.partition), found.chain_id)
            if name not in last or last[name].number <= found.number:
                last[name] = found
    return last


def obstacle(options: AuditOptions, marks: Sequence[PartitionMark], known: Checkpoints) -> str | None:
    """Return why the chains would be other ones than before, with what to do; ``None`` where they can be the same."""
    if gone := [mark for mark in marks if mark.log and mark.next < mark.log.low and (mark.committed or 0) > mark.next]:
        records = sum(mark.low - mark.next for mark in gone)
        return (
            f"{records:,} of its first records are no longer in {options.topic}, so its chains would begin with other "
            f"events, and have other hashes: {FIX}"
        )
    if other := sorted({name.chain_id for name in known} - {options.chain_id}):
        return (
            f"{options.topic} had the chain {', '.join(other)} before chain {options.chain_id}: its events would be "
            f"linked once more: {FIX}"
        )
    return None


async def let_checkpoints_go_on(kafka: KafkaSettings, graph: GraphConnection, options: AuditOptions) -> None:
    """Note on each chain its last checkpoint that was published: a worker would begin with number 1 again."""
    known = await asyncio.to_thread(published, kafka, options.topic)
    for name, each in known.items():
        facts = {"number": each.number, "sequence": each.sequence, "hash": each.hash, "digest": each.digest}
        await graph.rows(GO_ON, id=str(name), created_at=each.created_at, **facts)
