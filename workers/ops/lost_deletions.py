"""``memory-graph registry resnapshot --deletions``: rows that the graph has, and the registry's database has not.

A snapshot sends rows that exist. Deletions that were lost with a part of the log never come, nor those of rows that
only a failed primary had. They are sent into the topic, as Debezium would have done: the topic stays the log.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple

from workers.adapters.avro.change_key import ChangeKeys
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.keyed_producer import KeyedProducer
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.registry_database.keys import keys_of, read_from
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.errors import Misconfigured, ProblemsFound, Retryable, Unreachable
from workers.ops.resnapshot import SLOT
from workers.pipelines.registry.deletions import RECORD, TABLES, deletion_of, rows_present, table_of
from workers.pipelines.registry.events import Deletion, Position
from workers.pipelines.registry.fold.state import RegistryState

WORKER = "registry"
STATES = """
MATCH (s:WorkerState) WHERE s.id > $after AND s.id < 'registry0'  // all that begin with registry/, by the index
RETURN s.id, s.state ORDER BY s.id LIMIT $page
"""
PAGE = 1_000
"""States that are read at once: each may have a megabyte, and a registry may have 100,000 models."""


class Lost(NamedTuple):
    """Rows whose deletion the graph lacks, and the position of the log after which they were looked for."""

    rows: Sequence[Deletion]
    position: Position


async def lost_deletions(settings: Settings, tables: Collection[str]) -> Lost:
    """Return the rows of these tables that the graph has as present and the database has not.

    The graph is read before the database: a row that is deleted or added meanwhile comes with a later change.
    Raises ``Misconfigured``, ``Unreachable``.
    """
    database = settings.registry_database
    position = Position(*await asyncio.to_thread(read_from, database, SLOT))
    async with GraphConnection(settings.neo4j) as graph:
        present = [row for row in await _present(graph) if table_of(row) in tables]
    keys = {table: await asyncio.to_thread(keys_of, database, table, TABLES[table]._fields) for table in tables}
    return Lost(sorted((row for row in present if tuple(row) not in keys[table_of(row)]), key=_order), position)


async def send(settings: Settings, topology: Topology, lost: Lost, about: Mapping[str, str]) -> None:
    """Send the deletions, each with the key of its model or schema; return when Kafka has them.

    Raises ``Misconfigured``, ``Unreachable``, and ``ProblemsFound`` where a key cannot be known; nothing is sent then.
    """
    if WORKER not in topology.workers:
        raise Misconfigured(f"{settings.topology_path} has no worker {WORKER!r}, who reads deletions: add it")
    topic = topology.workers[WORKER].topic
    async with aclosing(SchemaRegistry(settings.schema_registry)) as registry:
        encoder = AvroEncoder(registry, load_reader_schemas(topology.schemas_folder / WORKER))
        try:
            keys = await _keys(settings, topic, ChangeKeys(registry))
            records = [
                (_key(keys, row), await encoder.encode(topic, RECORD, deletion_of(row, lost.position, about)))
                for row in lost.rows
            ]
        except Retryable as reason:
            raise Unreachable(str(reason)) from reason
    producer = KeyedProducer(settings.kafka, topic)
    for key, value in records:
        producer.produce(key, value)
    await producer.flush()


async def _keys(settings: Settings, topic: str, keys: ChangeKeys) -> ChangeKeys:
    """Return the keys of the topic: their bytes decide the partition, and so the order with the row's changes."""
    reader = TopicReader(settings.kafka, topic)
    ends = await asyncio.to_thread(reader.end_offsets)
    each_once = await asyncio.to_thread(lambda: dict.fromkeys(record.key for record in reader.between({}, ends)))
    for key in filter(None, each_once):
        await keys.see(key)
    return keys


async def _present(graph: GraphConnection) -> list[Deletion]:
    """Return the keys of all rows that the graph has as present."""
    rows, after = list[Deletion](), "registry/"
    while page := await graph.values(STATES, after=after, page=PAGE):
        for _, state in page:
            rows += rows_present(RegistryState.load(state))
        after = page[-1][0]
    return rows


def _key(keys: ChangeKeys, row: Deletion) -> bytes:
    column = row._fields[0]
    key = keys.of(column, row[0])
    if key is None:
        raise ProblemsFound(
            f"the topic has no record with a {column} as its key, so the key of {row[0]} is not known: "
            f"wait until the connector has sent a row of {table_of(row)}, and repeat the command"
        )
    return key


def _order(row: Deletion) -> tuple[int, tuple[str, ...]]:
    return list(TABLES).index(table_of(row)), tuple(row)
