from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.adapters.avro.in_memory_registry import (
    INVOCATION,
    NAMESPACE,
    STATUS_FIELD,
    TOPIC,
    InMemoryRegistry,
    changed,
    record_of,
    rejection,
    written,
)
from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schemas import Schema
from workers.adapters.avro.wire import prefix_of
from workers.core.errors import Rejected
from workers.core.record import ConsumedRecord


@pytest.mark.parametrize("field", [{"name": "token_count", "type": "string"}, {"name": "tokens", "type": "int"}])
async def test_a_writer_schema_that_ours_cannot_read_is_unresolvable(
    codec: AvroCodec,
    registry: InMemoryRegistry,
    schemas: Mapping[str, Schema],
    invocation: dict[str, Any],
    field: dict[str, Any],
) -> None:
    value = written(registry, changed(schemas[INVOCATION], 5, **field), {**invocation, "token_count": "9", "tokens": 9})
    rejected = await rejection(codec, value)
    assert rejected.code == "avro.unresolvable"
    assert "schema 1" in rejected.message


async def test_an_enum_symbol_that_only_the_writer_knows_is_named_with_its_field(
    codec: AvroCodec, registry: InMemoryRegistry, schemas: Mapping[str, Schema], invocation: dict[str, Any]
) -> None:
    status = {"type": "enum", "name": "Status", "symbols": ["SUCCESS", "ERROR", "TIMEOUT", "CANCELLED"]}
    value = written(
        registry, changed(schemas[INVOCATION], STATUS_FIELD, type=status), invocation | {"status": "CANCELLED"}
    )
    rejected = await rejection(codec, value)
    assert rejected.code == "avro.enum"
    assert "field status" in rejected.message
    assert "CANCELLED" in rejected.message


@pytest.mark.parametrize("index", [b"\x06", b"\x01", b"\x7f"])
async def test_an_enum_index_without_symbol_is_rejected_even_where_python_would_count_from_the_end(
    codec: AvroCodec, encoder: AvroEncoder, invocation: dict[str, Any], index: bytes
) -> None:
    value = await encoder.encode(TOPIC, INVOCATION, invocation)
    before, after = value.split(b"\x00\x40" + b"4bf9")  # SUCCESS is index 0, the trace id of 32 bytes follows
    rejected = await rejection(codec, before + index + b"\x40" + b"4bf9" + after)
    assert rejected.code == "avro.enum"
    assert "field status" in rejected.message


async def test_a_value_cut_anywhere_is_truncated(
    codec: AvroCodec, encoder: AvroEncoder, invocation: dict[str, Any]
) -> None:
    value = await encoder.encode(TOPIC, INVOCATION, invocation)
    codes = {(await rejection(codec, value[:length])).code for length in range(5, len(value))}
    assert codes == {"avro.truncated"}


async def test_bytes_after_the_last_field_are_counted(
    codec: AvroCodec, encoder: AvroEncoder, invocation: dict[str, Any]
) -> None:
    rejected = await rejection(codec, await encoder.encode(TOPIC, INVOCATION, invocation) + b"abc")
    assert rejected.code == "avro.trailing_bytes"
    assert "3 bytes" in rejected.message


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"\x05abc", "event_id"),  # a length of -3
        (b"\x06a\xffc", "event_id"),  # not UTF-8
        (b"\x06abc\x06x\xc3\x28", "event_type"),
    ],
)
async def test_corrupt_bytes_are_rejected_with_the_field_they_are_in(
    codec: AvroCodec, registry: InMemoryRegistry, schemas: Mapping[str, Schema], body: bytes, field: str
) -> None:
    rejected = await rejection(codec, prefix_of(registry.add(schemas[INVOCATION])) + body)
    assert rejected.code == "avro.corrupt"
    assert f"field {field}" in rejected.message


async def test_the_text_of_a_prompt_never_comes_into_a_message(
    codec: AvroCodec, encoder: AvroEncoder, invocation: dict[str, Any]
) -> None:
    value = await encoder.encode(TOPIC, INVOCATION, invocation | {"prompt": "a secret? yes"})
    broken = value.replace(b"secret?", b"secret\xff")
    rejected = await rejection(codec, broken)
    assert rejected.code == "avro.corrupt"
    assert "field prompt" in rejected.message
    assert "secret" not in rejected.message


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.binary(max_size=200),
    kept=st.integers(min_value=0, max_value=300),
    record=st.sampled_from(["LLMInvocationEvent", "LLMTokenEvent", "LLMMetricsEvent", "LLMErrorEvent"]),
    older=st.booleans(),
)
async def test_no_bytes_whatever_make_decoding_raise_anything_but_rejected(  # noqa: PLR0913 - what is drawn, by name
    schemas: Mapping[str, Schema], invocation: dict[str, Any], body: bytes, kept: int, record: str, *, older: bool
) -> None:
    registry = InMemoryRegistry()
    schema = schemas[f"{NAMESPACE}.{record}"]
    codec = AvroCodec(registry, schemas)
    sound = written(registry, schema, invocation) if record == "LLMInvocationEvent" else prefix_of(registry.add(schema))
    if older:
        registry.definitions[1] = registry.definitions[registry.add({**schema, "fields": schema["fields"][:11]})]
    consumed = record_of(sound[: max(kept, 5)] + body)
    await codec.prepare([consumed])
    await assert_decodes_or_rejects(codec, consumed)


async def assert_decodes_or_rejects(codec: AvroCodec, record: ConsumedRecord) -> None:
    try:
        decoded = codec.decode(record)
    except Rejected as rejected:
        assert rejected.code.startswith("avro.")  # noqa: PT017 - either outcome is right, nothing else is
    else:
        assert decoded.record_name.startswith(NAMESPACE)
