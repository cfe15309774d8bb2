"""A topic that every contestant reads: its records, checkpoints and prepared rows."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.keyed_producer import KeyedProducer, Sent
from workers.core.record import ConsumedRecord
from workers.core.statement import Statement
from workers.dev.bench.ground import TELEMETRY, Ground
from workers.dev.bench.measure.watch import Checkpoint, checkpoints_of
from workers.dev.bench.prepared import plan_batches, save
from workers.dev.bench.records import RecordSet


@dataclass(frozen=True, slots=True)
class Field:
    """One record set in one topic. ``prepared`` is the file with the rows of the bare writer."""

    records: RecordSet
    topic: str
    partitions: int
    checkpoints: dict[int, list[Checkpoint]]
    prepared: Path


async def fill(ground: Ground, records: RecordSet, partitions: int) -> Field:
    """Create and fill the topic; compute its checkpoints and prepared rows."""
    topic = f"{ground.run}-{records.name}-{partitions}"
    await ground.make_topic(topic, partitions)
    logs = await produce(ground, topic, records)
    prepared = ground.folder / f"{topic}.rows"
    if ground.worker == TELEMETRY:  # there is no bare writer of audit events
        await _prepare(ground, topic, records, logs, prepared)
    return Field(records, topic, partitions, checkpoints_in(records, logs), prepared)


def checkpoints_in(records: RecordSet, logs: Mapping[int, Sequence[int]]) -> dict[int, list[Checkpoint]]:
    """Return the checkpoints of the log that ``produce`` returned."""
    return checkpoints_of({partition: list(_ends(records, log)) for partition, log in logs.items()})


async def produce(ground: Ground, topic: str, records: RecordSet) -> dict[int, list[int]]:
    """Send all records; return their indexes in the set, by partition and offset."""
    producer, logs = KeyedProducer(ground.settings.kafka, topic), defaultdict[int, list[int]](list)

    def sent(place: int, report: Sent) -> None:
        logs[report.partition].append(place)

    for place, record in enumerate(records.records):
        producer.produce(record.key, record.value, record.headers, partial(sent, place))
    await producer.flush()
    return dict(logs)


def _ends(records: RecordSet, log: Sequence[int]) -> Iterator[Checkpoint]:
    for offset, place in enumerate(log):
        if decides := records.records[place].decides:
            yield Checkpoint(offset, decides)


async def _prepare(ground: Ground, topic: str, records: RecordSet, logs: dict[int, list[int]], file: Path) -> None:
    registry = SchemaRegistry(ground.settings.schema_registry)
    codec = AvroCodec(registry, load_reader_schemas(ground.topology.schemas_folder / TELEMETRY))
    now_ms = int(time.time() * 1000)
    try:
        for_partition: dict[int, list[ConsumedRecord]] = {
            partition: [
                ConsumedRecord(
                    topic, partition, offset, now_ms, records.records[place].key, records.records[place].value
                )
                for offset, place in enumerate(log)
            ]
            for partition, log in logs.items()
        }
        await codec.prepare([record for log in for_partition.values() for record in log])
    finally:
        await registry.aclose()

    def planned() -> Iterator[tuple[int, Sequence[Statement]]]:
        for partition, log in sorted(for_partition.items()):
            for statements in plan_batches(log, codec.decode, now_ms):
                yield partition, statements

    await asyncio.to_thread(save, planned(), file)
