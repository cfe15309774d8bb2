"""Put a decision into the worker's log of decisions, confirmed by Kafka."""

import time
from contextlib import aclosing

from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.keyed_producer import KeyedProducer
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.pipelines.evolution.events import Decided
from workers.pipelines.evolution.identity import Subject
from workers.pipelines.evolution.records import decided

WORKER = "evolution"


async def put(settings: Settings, topology: Topology, subject: Subject, decision: Decided) -> None:
    """Return when it is in the log. Raises ``Unreachable``, ``Misconfigured``."""
    if WORKER not in topology.workers:
        raise Misconfigured(f"{settings.topology_path} has no worker {WORKER!r}, who reads decisions: add it")
    publish = decided(topology.workers[WORKER].topic, subject, time.time_ns() // 1_000_000, decision)
    schemas = load_reader_schemas(topology.schemas_folder / WORKER)
    async with aclosing(SchemaRegistry(settings.schema_registry)) as registry:
        try:
            value = await AvroEncoder(registry, schemas).encode(publish.topic, publish.record_name, publish.fields)
        except Retryable as reason:
            raise Unreachable(str(reason)) from reason
    producer = KeyedProducer(settings.kafka, publish.topic)
    producer.produce(publish.key, value)
    await producer.flush()
