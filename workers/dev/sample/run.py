"""The whole of ``memory-graph sample telemetry``: from calls to records in Kafka."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.keyed_producer import KeyedProducer
from workers.config.settings import Settings
from workers.core.errors import Retryable, Unreachable
from workers.dev.sample.calls.source import Source
from workers.dev.sample.pace import paced
from workers.dev.sample.produce import TelemetryProducer
from workers.dev.sample.records.poison import strew
from workers.dev.sample.records.tally import Tally
from workers.dev.sample.records.wire import FOREIGN_RECORD, FOREIGN_SCHEMA
from workers.dev.sample.stream import telemetry
from workers.pipelines.fleet import load_topology

SCHEMAS = "telemetry"


def produce_telemetry(source: Source, topic: str, *, seed: int, rate: float, poison_percent: float) -> dict[str, Any]:
    """Produce all records of the calls of ``source``; return the summary for ``-o json``.

    Raises ``Misconfigured``, ``Unreachable``.
    """
    settings = Settings.from_environment()
    records = telemetry(source.calls, source=source.name, seed=seed)
    items = strew(records, poison_percent, seed)
    tally = Tally()

    async def run() -> None:
        async with open_producer(settings, topic) as producer:
            await producer.send(paced(items, rate), tally)

    started = time.monotonic()
    asyncio.run(run())
    return {"topic": topic, "source": source.description, "seconds": time.monotonic() - started, **tally.as_data()}


@asynccontextmanager
async def open_producer(settings: Settings, topic: str) -> AsyncIterator[TelemetryProducer]:
    """Yield a producer that encodes with the project's schemas. Raises ``Misconfigured``, ``Unreachable``."""
    schemas = load_reader_schemas(load_topology(settings.topology_path).schemas_folder / SCHEMAS)
    registry = SchemaRegistry(settings.schema_registry)
    try:
        encoder = AvroEncoder(registry, {**schemas, FOREIGN_RECORD: FOREIGN_SCHEMA})
        yield TelemetryProducer(KeyedProducer(settings.kafka, topic), encoder)
    except Retryable as error:
        raise Unreachable(f"{error}, or start it (`memory-graph stack up`).") from error
    finally:
        await registry.aclose()
