"""Tests with a real schema registry at ``SCHEMA_REGISTRY_URL``."""

import json
import os
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import AsyncSchemaRegistryClient, SchemaReference
from confluent_kafka.schema_registry import Schema as RegistrySchema

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import Schema, load_reader_schemas, register_schemas, subject_of
from workers.adapters.avro.wire import prefix_of
from workers.config.settings import SchemaRegistrySettings
from workers.core.errors import Misconfigured, Rejected, Retryable
from workers.core.record import ConsumedRecord

ROOT = Path(__file__).parents[4]
RELEASED = sorted((ROOT / "tests/unit/adapters/avro/released").glob("*.avsc"))
INVOCATION = "com.llm.observatory.events.LLMInvocationEvent"
FIELDS = {
    "event_id": "e1",
    "event_type": "llm.invocation.complete",
    "timestamp": 1_700_000_000_123,
    "model_id": "gpt-4o",
    "provider": "openai",
    "token_count": 3,
    "latency_ms": 8.5,
    "status": "TIMEOUT",
    "trace_id": "t1",
    "span_id": "s1",
    "metadata": {},
}


@pytest.fixture
def url() -> str:
    return os.environ["SCHEMA_REGISTRY_URL"]


@pytest.fixture
async def registry(url: str) -> AsyncIterator[SchemaRegistry]:
    opened = SchemaRegistry(SchemaRegistrySettings(url=url))
    yield opened
    await opened.aclose()


@pytest.fixture
async def client(url: str) -> AsyncIterator[AsyncSchemaRegistryClient]:
    async with AsyncSchemaRegistryClient({"url": url, "timeout": 5}) as opened:
        yield opened


@pytest.fixture
def topic() -> str:
    return f"avro-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Schema]:
    return load_reader_schemas(ROOT / "schemas/avro/telemetry")


def record_of(topic: str, value: bytes) -> ConsumedRecord:
    return ConsumedRecord(topic, 0, 0, 0, b"t1", value)


async def test_what_the_encoder_wrote_the_codec_of_another_process_reads(
    registry: SchemaRegistry, schemas: Mapping[str, Schema], topic: str
) -> None:
    record = record_of(topic, await AvroEncoder(registry, schemas).encode(topic, INVOCATION, FIELDS))
    codec = AvroCodec(registry, schemas)
    await codec.prepare([record])
    decoded = codec.decode(record)
    assert decoded.record_name == INVOCATION
    assert {name: decoded.fields[name] for name in FIELDS} == FIELDS


async def test_registering_again_gives_the_same_ids_and_they_can_be_looked_up(
    registry: SchemaRegistry, url: str, schemas: Mapping[str, Schema], topic: str
) -> None:
    first = await register_schemas(registry, topic, schemas)
    another = SchemaRegistry(SchemaRegistrySettings(url=url))
    try:
        assert await register_schemas(another, topic, schemas) == first
        subject = subject_of(topic, INVOCATION)
        assert await another.registered_id(subject, schemas[INVOCATION]) == first[INVOCATION]
        assert await another.registered_id(f"{subject}.none", schemas[INVOCATION]) is None
    finally:
        await another.aclose()


@pytest.mark.parametrize("schema_id", [2**31 - 1, 2**31, 2**32 - 1])
async def test_an_id_never_given_out_is_unknown(
    registry: SchemaRegistry, schemas: Mapping[str, Schema], topic: str, schema_id: int
) -> None:
    codec = AvroCodec(registry, schemas)
    record = record_of(topic, prefix_of(schema_id) + b"x")
    await codec.prepare([record])
    with pytest.raises(Rejected) as raised:
        codec.decode(record)
    assert raised.value.code == "avro.unknown_schema"


@pytest.mark.parametrize("path", ["/nothing/here", ""])
async def test_a_wrong_address_condemns_no_record(url: str, path: str) -> None:
    registry = SchemaRegistry(SchemaRegistrySettings(url=url.split("/apis", maxsplit=1)[0] + path))
    try:
        with pytest.raises(Retryable, match="404"):
            await registry.definition(1)
    finally:
        await registry.aclose()


async def test_a_registry_that_is_down_is_waited_for() -> None:
    registry = SchemaRegistry(SchemaRegistrySettings(url="http://127.0.0.1:9"))
    try:
        with pytest.raises(Retryable, match="SCHEMA_REGISTRY_URL"):
            await registry.definition(1)
    finally:
        await registry.aclose()


async def test_a_schema_that_refers_to_another_subject_is_fetched_with_it(
    registry: SchemaRegistry, client: AsyncSchemaRegistryClient, schemas: Mapping[str, Schema], topic: str
) -> None:
    status = {"type": "enum", "name": "Status", "namespace": "com.llm.observatory.events"} | {
        "symbols": ["SUCCESS", "ERROR", "TIMEOUT"]
    }
    await client.register_schema(f"{topic}-status", RegistrySchema(json.dumps(status), "AVRO"))
    referring: dict[str, Any] = json.loads(json.dumps(schemas[INVOCATION]))
    referring["fields"][7]["type"] = "com.llm.observatory.events.Status"
    reference = SchemaReference("com.llm.observatory.events.Status", f"{topic}-status", 1)
    schema_id = await client.register_schema(
        f"{topic}-split", RegistrySchema(json.dumps(referring), "AVRO", [reference])
    )
    whole = await AvroEncoder(registry, schemas).encode(topic, INVOCATION, FIELDS)
    record = record_of(topic, prefix_of(schema_id) + whole[5:])
    codec = AvroCodec(registry, schemas)
    await codec.prepare([record])
    assert codec.decode(record).fields["status"] == "TIMEOUT"


async def test_an_incompatible_schema_is_refused_with_the_fix(
    registry: SchemaRegistry, client: AsyncSchemaRegistryClient, schemas: Mapping[str, Schema], topic: str
) -> None:
    await register_schemas(registry, topic, {INVOCATION: schemas[INVOCATION]})
    await client.set_compatibility(subject_of(topic, INVOCATION), "FULL")
    broken: dict[str, Any] = json.loads(json.dumps(schemas[INVOCATION]))
    broken["fields"][5]["type"] = "string"
    with pytest.raises(Misconfigured, match="defaults"):
        await register_schemas(registry, topic, {INVOCATION: broken})


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.stem)
async def test_the_registry_finds_current_and_released_compatible_both_ways(
    client: AsyncSchemaRegistryClient, schemas: Mapping[str, Schema], topic: str, file: Path
) -> None:
    released = json.loads(file.read_bytes())  # noqa: ASYNC240 - a small local file
    name = f"{released['namespace']}.{released['name']}"
    subject = subject_of(topic, name)
    await client.register_schema(subject, RegistrySchema(json.dumps(released), "AVRO"))
    await client.set_compatibility(subject, "FULL")
    assert await client.test_compatibility(subject, RegistrySchema(json.dumps(schemas[name]), "AVRO"))
    first = {**released, "fields": [{**released["fields"][0], "type": "long"}, *released["fields"][1:]]}
    assert not await client.test_compatibility(subject, RegistrySchema(json.dumps(first), "AVRO"))
