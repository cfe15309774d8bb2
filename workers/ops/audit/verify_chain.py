"""Verify one chain in this process: connect, read, compare."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import Settings
from workers.config.topics import dead_letter_topic
from workers.config.topology import Topology
from workers.core.clock import SystemClock
from workers.core.errors import Retryable, Unreachable
from workers.core.record import Decoded
from workers.engine.deployment import Deployment
from workers.ops.audit.archive.verify_chain import begins_wrong, from_archive
from workers.ops.audit.checkpoint_log import Log
from workers.ops.audit.finding import Finding, Kind, Progress, Result
from workers.ops.audit.graph.events import GraphSource
from workers.ops.audit.graph.verify import verify_graph
from workers.ops.audit.source import Source
from workers.ops.audit.topic.verify import Decoding, Part, TopicChain
from workers.ops.audit.topic.watermark import WORKER, written_to
from workers.ops.audit.verify import Task
from workers.pipelines.audit.chain.link import FIRST_CHAIN
from workers.pipelines.fleet import FLEET, load_topology


def verify_chain(settings: Settings, task: Task, progress: Progress) -> Result:
    """Verify the chain of a task. Raises ``Unreachable`` and ``Misconfigured``."""
    return asyncio.run(_verify(settings, task, progress))


async def _verify(settings: Settings, task: Task, progress: Progress) -> Result:
    if task.source is Source.ARCHIVE:
        return await from_archive(task, progress)
    async with GraphConnection(settings.neo4j) as graph:
        verified = _from_graph if task.source is Source.GRAPH else _from_topic
        result = await verified(settings, graph, task, progress)
    result.signed = task.log.signed
    result.unsigned = task.log.unsigned
    result.findings += task.log.findings
    if task.expected.checkpoints > task.log.newest:
        made = f"the worker has made {task.expected.checkpoints:,}"
        message = f"the checkpoints after {task.log.newest:,} are not there, and {made}"
        result.findings.append(Finding(Kind.CHECKPOINT_REMOVED, message))
    return result


async def _from_graph(settings: Settings, graph: GraphConnection, task: Task, progress: Progress) -> Result:
    source, chain = GraphSource(graph), task.chain
    first, last = await source.span(chain, task.since, task.until)
    expected = await source.counted(chain)
    result = await verify_graph(source, chain, task.log, expected, progress, first, last)
    result.findings += await asyncio.to_thread(begins_wrong, task, expected, result.checkpoints)
    written, _ = await written_to(graph, chain)
    end = await asyncio.to_thread(TopicReader(settings.kafka, chain.topic).end_offsets)
    result.lag = max(0, end.get(chain.partition, 0) - written - 1)
    if comes_again(result, expected.length, task.log):
        result.findings.clear()
    return result


def comes_again(result: Result, counted: int, log: Log) -> bool:
    """Tell whether what is missing at the end waits in the topic, as after the restore of a backup.

    Then the worker itself has gone back: it has ``counted`` what is there, and reads the rest again.
    """
    if [each.kind for each in result.findings] != [Kind.TAIL_CUT] or counted != result.head:
        return False
    return log.checkpoints[-1].sequence - result.head <= result.lag


async def _from_topic(settings: Settings, graph: GraphConnection, task: Task, progress: Progress) -> Result:
    chain, reader = task.chain, TopicReader(settings.kafka, task.chain.topic)
    part, lag = await _part(graph, reader, task)
    async with _decoding(settings, load_topology(settings.topology_path)) as decoding:
        dead_letters = TopicReader(settings.kafka, dead_letter_topic(chain.topic))
        verifying = TopicChain(chain, reader, dead_letters, graph, decoding, task.log, part, progress)
        verifying.expired = task.expected.expired
        result = await verifying.verify()
    result.lag = max(0, lag)
    if lag < 0 and not result.findings:
        message = f"the topic ends {-lag:,} records before the last one that the worker has written"
        result.findings.append(Finding(Kind.TAIL_CUT, message))
    return result


async def _part(graph: GraphConnection, reader: TopicReader, task: Task) -> tuple[Part, int]:
    """Return the offsets to read, and how many records the worker has still to write."""
    number = task.chain.partition
    written, epoch = await written_to(graph, task.chain)
    end = (await asyncio.to_thread(reader.end_offsets)).get(number, 0)
    begin = (await asyncio.to_thread(reader.begin_offsets)).get(number, 0)
    if task.since is not None:
        begin = (await asyncio.to_thread(reader.offsets_since, task.since)).get(number, begin)
    until = end
    if task.until is not None:
        until = (await asyncio.to_thread(reader.offsets_since, task.until)).get(number, end)
    last = min(written + 1, until)
    from_genesis = begin == 0 and epoch == 0 and task.chain.chain_id == FIRST_CHAIN
    return Part(begin, last, last == written + 1, from_genesis), end - written - 1


@asynccontextmanager
async def _decoding(settings: Settings, topology: Topology) -> AsyncIterator[Decoding]:
    registry = SchemaRegistry(settings.schema_registry)
    codec = AvroCodec(registry, load_reader_schemas(topology.schemas_folder / WORKER))

    async def prepare(records: Sequence[Any]) -> None:
        try:
            await codec.prepare(records)
        except Retryable as error:
            raise Unreachable(f"the schemas of the topic's records cannot be read: {error}") from error

    try:
        yield Decoding(prepare, codec.decode, _acceptance(settings, topology))
    finally:
        await registry.aclose()


def _acceptance(settings: Settings, topology: Topology) -> Callable[[Decoded, bytes | None], object]:
    """Return the worker's own rules."""
    spec, now = Deployment(FLEET[WORKER], settings, topology).spec, SystemClock().now_ms()

    def accept(decoded: Decoded, key: bytes | None) -> None:
        event = spec.parse(decoded, now)
        if spec.check_key is not None:
            spec.check_key(event, key)

    return accept
