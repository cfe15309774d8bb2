"""The whole of ``memory-graph sample audit``: from calls to audit events in Kafka."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.keyed_producer import KeyedProducer
from workers.config.settings import Settings
from workers.core.errors import Retryable, Unreachable
from workers.dev.sample.audit.contents import contents
from workers.dev.sample.audit.stream import audit
from workers.dev.sample.calls.source import Source
from workers.dev.sample.pace import paced
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.stream import telemetry
from workers.pipelines.fleet import load_topology

SCHEMAS = "audit"


def produce_audit(source: Source, topic: str, *, seed: int, rate: float) -> dict[str, Any]:
    """Produce the audit events about the contents of the calls of ``source``; return the summary for ``-o json``.

    The calls, with the same seed, are those of ``sample telemetry``. Raises ``Misconfigured``, ``Unreachable``.
    """
    started = time.monotonic()
    calls = telemetry(source.calls, source=source.name, seed=seed)
    sent = asyncio.run(send_audit(Settings.from_environment(), topic, audit(list(contents(calls)), seed=seed), rate))
    return {
        "topic": topic,
        "source": source.description,
        "seconds": time.monotonic() - started,
        "records": sent.total(),
        "records_by_type": dict(sorted(sent.items())),
    }


async def send_audit(settings: Settings, topic: str, events: Iterable[Sampled], rate: float = 0) -> Counter[str]:
    """Send the events, ``rate`` a second (0: as fast as possible); return how many of each type Kafka has.

    Raises ``Misconfigured``, ``Unreachable``.
    """
    registry = SchemaRegistry(settings.schema_registry)
    sent: Counter[str] = Counter()
    try:
        encoder = AvroEncoder(
            registry, load_reader_schemas(load_topology(settings.topology_path).schemas_folder / SCHEMAS)
        )
        producer = KeyedProducer(settings.kafka, topic)
        async for event in paced(events, rate):
            producer.produce(event.key.encode(), await encoder.encode(topic, event.record_name, event.fields))
            sent[event.fields["event_type"]] += 1
        await producer.flush()
    except Retryable as error:
        raise Unreachable(f"{error}, or start it (`memory-graph stack up`).") from error
    finally:
        await registry.aclose()
    return sent
