import copy
import json
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from fastavro import schemaless_writer

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.schema_registry import WriterDefinition
from workers.adapters.avro.schemas import Schema, parse
from workers.adapters.avro.wire import SchemaName, prefix_of
from workers.core.errors import Rejected, Retryable
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage

NAMESPACE = "com.llm.observatory.events"
INVOCATION = f"{NAMESPACE}.LLMInvocationEvent"
TOPIC = "llm-telemetry-events"
STATUS_FIELD = 7


class InMemoryRegistry:
    """A registry of our own port: gives ids in order, counts what it is asked."""

    def __init__(self) -> None:
        self.definitions: dict[int, WriterDefinition] = {}
        self.subjects: dict[str, int] = {}
        self.guids: dict[UUID, int] = {}
        self.asked: list[SchemaName] = []
        self.away = False

    async def definition(self, schema: SchemaName) -> WriterDefinition | None:
        self.asked.append(schema)
        if self.away:
            raise Retryable("away")
        schema_id = self.guids.get(schema) if isinstance(schema, UUID) else schema
        return None if schema_id is None else self.definitions.get(schema_id)

    async def register(self, subject: str, schema: Schema) -> int:
        if subject not in self.subjects:
            self.subjects[subject] = self.add(schema)
        return self.subjects[subject]

    def add(self, schema: Any, schema_type: str = "AVRO") -> int:
        schema_id = len(self.definitions) + 1
        self.definitions[schema_id] = WriterDefinition(schema_type, [json.dumps(schema)])
        return schema_id


class HandClock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ms(self) -> int:
        return int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


def record_of(value: bytes | None) -> ConsumedRecord:
    return ConsumedRecord(TOPIC, 0, 7, 1_700_000_000_123, b"trace", value)


async def rejection(codec: AvroCodec, value: bytes | None) -> Rejected:
    record = record_of(value)
    await codec.prepare([record])
    with pytest.raises(Rejected) as raised:
        codec.decode(record)
    assert raised.value.stage is Stage.DECODE
    return raised.value


def written(registry: InMemoryRegistry, schema: Any, fields: Any) -> bytes:
    target = BytesIO()
    schemaless_writer(target, parse([schema]), fields)
    return prefix_of(registry.add(schema)) + target.getvalue()


def changed(schema: Schema, index: int, **field: Any) -> dict[str, Any]:
    copied: dict[str, Any] = copy.deepcopy(dict(schema))
    copied["fields"][index].update(field)
    return copied
