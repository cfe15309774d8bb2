"""What reads a worker's topic as the worker does."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.kafka.reader import TopicReader
from workers.config.topics import dead_letter_topic
from workers.core.record import TopicPartition
from workers.core.worker import EventT, StateT, WorkerSpec
from workers.engine.deployment import Deployment, decoder_of
from workers.ops.graph_check.context import Context
from workers.ops.graph_check.log import Decoding, PartitionLog, dead_letters_of
from workers.ops.graph_check.sample import Slice
from workers.ops.graph_check.watermarks import PartitionMark
from workers.pipelines.fleet import FLEET


@asynccontextmanager
async def decoding_of(context: Context, spec: WorkerSpec[EventT, StateT]) -> AsyncIterator[Decoding[EventT, StateT]]:
    """Yield the decoder of a worker's records, and its rules."""
    registry = SchemaRegistry(context.settings.schema_registry)
    try:
        codec = decoder_of(registry, Deployment(FLEET[spec.name], context.settings, context.topology))
        yield Decoding(spec, codec)
    finally:
        await registry.aclose()


async def open_log(
    context: Context, mark: PartitionMark, decoding: Decoding[Any, Any], chosen: Slice
) -> PartitionLog[Any, Any]:
    """Return the records of a partition without the dead letters of the chosen keys. Raises ``Unreachable``."""
    kafka, place = context.settings.kafka, TopicPartition(mark.topic, mark.partition)
    letters = TopicReader(kafka, dead_letter_topic(mark.topic))
    dead = await asyncio.to_thread(dead_letters_of, letters, place, chosen.has)
    return PartitionLog(TopicReader(kafka, mark.topic), place, decoding, dead)


def passes(marks: Iterable[PartitionMark], chosen: Slice) -> int:
    """Return how many records are read, each once for each slice of its partition."""
    return sum(mark.written * len(list(chosen.parts(mark.written))) for mark in marks)
