"""Leave an audit event and a log line of what an operator does with dead letters."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import structlog

from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.keyed_producer import KeyedProducer
from workers.config.settings import KafkaSettings, Settings
from workers.config.topology import Topology
from workers.core.clock import SystemClock
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.core.record import OutgoingRecord
from workers.ops.dead_letters.journal import Who

TOPIC = "audit-events"
RECORD = "com.llm.datavault.audit.AuditEvent"
SCHEMAS = "audit"
REPLAY_STARTED = "dead_letters.replay_started"
REPLAYED = "dead_letters.replayed"
PURGED = "dead_letters.purged"
RELEASED = "dead_letters.released"

log = structlog.get_logger(__name__)


class AuditTrail:
    """Makes and sends audit events. Without an ``encoder`` there is only the log line."""

    def __init__(self, kafka: KafkaSettings, encoder: AvroEncoder | None) -> None:
        self._kafka = kafka
        self._encoder = encoder

    async def event(self, event_type: str, who: Who, details: Mapping[str, str]) -> list[OutgoingRecord]:
        """Return the record of an event, and log it. Raises ``Unreachable`` without the schema registry."""
        log.info(event_type, id=who.replay_id, by=who.by, why=who.why, **details)
        if self._encoder is None:
            return []
        fields = {
            "audit_id": uuid4().hex,
            "event_type": event_type,
            "timestamp": SystemClock().now_ms(),
            "actor_id": who.by,
            "user_id": who.by,
            "access_granted": True,
            "reason": who.why,
            "attempted_action": event_type,
            "details": {"id": who.replay_id, **details},
        }
        try:
            return [OutgoingRecord(TOPIC, who.by.encode(), await self._encoder.encode(TOPIC, RECORD, fields))]
        except Retryable as error:
            raise Unreachable(f"the schema registry is needed for the audit event: {error}") from error

    async def leave(self, event_type: str, who: Who, details: Mapping[str, str]) -> None:
        """Return when Kafka has the event. Raises ``Unreachable``."""
        for record in await self.event(event_type, who, details):
            producer = KeyedProducer(self._kafka, TOPIC)
            producer.produce(record.key or b"", record.value)
            await producer.flush()


@asynccontextmanager
async def audit_trail(settings: Settings, topology: Topology) -> AsyncIterator[AuditTrail]:
    """Yield the audit trail: events where ``topology.yaml`` has the topic ``audit-events``, log lines anyway.

    Raises ``Misconfigured`` where Kafka does not have that topic.
    """
    if TOPIC not in topology.topics:
        yield AuditTrail(settings.kafka, None)
        return
    if TOPIC not in Admin(settings.kafka).topics():
        raise Misconfigured(f"there is no topic {TOPIC}; create it with `memory-graph topology apply --execute`")
    registry = SchemaRegistry(settings.schema_registry)
    try:
        schemas = load_reader_schemas(topology.schemas_folder / SCHEMAS)
        yield AuditTrail(settings.kafka, AvroEncoder(registry, schemas))
    finally:
        await registry.aclose()
