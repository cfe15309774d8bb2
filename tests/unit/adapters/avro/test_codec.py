import asyncio
import copy
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.adapters.avro.in_memory_registry import (
    INVOCATION,
    NAMESPACE,
    STATUS_FIELD,
    TOPIC,
    HandClock,
    InMemoryRegistry,
    changed,
    record_of,
    rejection,
    written,
)
from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import WriterDefinition
from workers.adapters.avro.schemas import Schema
from workers.adapters.avro.wire import prefix_of
from workers.core.errors import Rejected, Retryable


async def test_a_record_decodes_to_its_name_and_the_fields_of_our_schema(
    codec: AvroCodec, encoder: AvroEncoder, invocation: dict[str, Any], schemas: Mapping[str, Schema]
) -> None:
    record = record_of(await encoder.encode(TOPIC, INVOCATION, invocation))
    await codec.prepare([record])
    decoded = codec.decode(record)
    absent = {field["name"]: None for field in schemas[INVOCATION]["fields"] if "default" in field}
    assert decoded.record_name == INVOCATION
    assert decoded.fields == invocation | absent


async def test_a_timestamp_that_the_writer_declares_as_a_point_in_time_stays_an_integer(
    codec: AvroCodec, registry: InMemoryRegistry, schemas: Mapping[str, Schema], invocation: dict[str, Any]
) -> None:
    schema = changed(schemas[INVOCATION], 2, type={"type": "long", "logicalType": "timestamp-millis"})
    record = record_of(written(registry, schema, invocation))
    await codec.prepare([record])
    assert codec.decode(record).fields["timestamp"] == 1_700_000_000_123


async def test_a_schema_that_refers_to_another_one_is_read(
    registry: InMemoryRegistry, schemas: Mapping[str, Schema], invocation: dict[str, Any]
) -> None:
    status = {**schemas[INVOCATION]["fields"][STATUS_FIELD]["type"], "namespace": NAMESPACE}
    value = written(registry, schemas[INVOCATION], invocation)
    texts = registry.definitions[1].texts
    referring = changed(schemas[INVOCATION], STATUS_FIELD, type="Status")
    registry.add(status)
    registry.add(referring)
    split = [*registry.definitions[2].texts, *registry.definitions[3].texts]
    registry.definitions[1] = registry.definitions[1]._replace(texts=split)
    codec = AvroCodec(registry, schemas)
    await codec.prepare([record_of(value)])
    assert texts != split
    assert codec.decode(record_of(value)).fields["status"] == "SUCCESS"


async def test_an_additional_field_of_a_newer_writer_is_left_out(
    codec: AvroCodec, registry: InMemoryRegistry, schemas: Mapping[str, Schema], invocation: dict[str, Any]
) -> None:
    schema: dict[str, Any] = copy.deepcopy(dict(schemas[INVOCATION]))
    schema["fields"].insert(3, {"name": "zone", "type": "string"})
    record = record_of(written(registry, schema, invocation | {"zone": "b"}))
    await codec.prepare([record])
    fields = codec.decode(record).fields
    assert "zone" not in fields
    assert fields["model_id"] == "gpt-4o"


async def test_a_tombstone_is_rejected_where_the_topic_has_none(codec: AvroCodec) -> None:
    assert (await rejection(codec, None)).code == "value.tombstone"


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x00\x00\x00\x01", b'{"event_id": 1}', b"\x01\x00\x00\x00\x01ab"])
async def test_bytes_in_no_wire_format_are_rejected_without_asking_the_registry(
    codec: AvroCodec, registry: InMemoryRegistry, value: bytes
) -> None:
    assert (await rejection(codec, value)).code == "avro.bad_magic"
    assert registry.asked == []


async def test_an_id_that_the_registry_does_not_know_is_rejected_by_its_number(codec: AvroCodec) -> None:
    rejected = await rejection(codec, prefix_of(4711) + b"x")
    assert rejected.code == "avro.unknown_schema"
    assert "4711" in rejected.message


async def test_a_schema_whose_reference_the_registry_lacks_is_rejected_by_its_name(
    codec: AvroCodec, registry: InMemoryRegistry
) -> None:
    registry.definitions[7] = WriterDefinition("AVRO", (), "money version 3")
    rejected = await rejection(codec, prefix_of(7) + b"x")
    assert rejected.code == "avro.unresolvable"
    assert "refers to money version 3" in rejected.message


async def test_a_schema_with_too_many_references_is_rejected(codec: AvroCodec, registry: InMemoryRegistry) -> None:
    registry.definitions[7] = WriterDefinition("AVRO", (), refused="has more than 100 references: send a smaller one")
    rejected = await rejection(codec, prefix_of(7) + b"x")
    assert rejected.code == "avro.unresolvable"
    assert rejected.message == "schema 7 has more than 100 references: send a smaller one"


async def test_an_unknown_id_is_asked_for_again_after_a_minute(
    codec: AvroCodec, registry: InMemoryRegistry, clock: HandClock, schemas: Mapping[str, Schema]
) -> None:
    value = prefix_of(1) + b"x"
    assert (await rejection(codec, value)).code == "avro.unknown_schema"
    registry.add(schemas[INVOCATION])
    clock.seconds = 59.9
    assert (await rejection(codec, value)).code == "avro.unknown_schema"
    clock.seconds = 60.0
    assert (await rejection(codec, value)).code == "avro.truncated"
    assert registry.asked == [1, 1]


async def test_an_unknown_id_whose_minute_is_over_can_still_be_decoded_with(codec: AvroCodec, clock: HandClock) -> None:
    early, late = record_of(prefix_of(1) + b"x"), record_of(prefix_of(2) + b"x")
    await codec.prepare([early])
    clock.seconds = 90.0
    await codec.prepare([late])
    with pytest.raises(Rejected):
        codec.decode(early)


async def test_unknown_ids_do_not_fill_the_memory_for_good(codec: AvroCodec, clock: HandClock) -> None:
    early = record_of(prefix_of(1) + b"x")
    await codec.prepare([early])
    clock.seconds = 10_000.0
    await codec.prepare([record_of(prefix_of(2) + b"x")])
    with pytest.raises(LookupError):
        codec.decode(early)


async def test_each_schema_is_fetched_once_however_many_ask_at_the_same_time(
    codec: AvroCodec, registry: InMemoryRegistry, encoder: AvroEncoder, invocation: dict[str, Any]
) -> None:
    record = record_of(await encoder.encode(TOPIC, INVOCATION, invocation))
    await asyncio.gather(*(codec.prepare([record, record]) for _ in range(5)))
    await codec.prepare([record])
    assert registry.asked == [1]


async def test_a_cancelled_fetch_takes_nothing_from_those_who_wait_beside_it(
    codec: AvroCodec, encoder: AvroEncoder, invocation: dict[str, Any]
) -> None:
    record = record_of(await encoder.encode(TOPIC, INVOCATION, invocation))
    cancelled, waiting = (asyncio.create_task(codec.prepare([record])) for _ in range(2))
    await asyncio.sleep(0)
    cancelled.cancel()
    await waiting
    assert codec.decode(record).record_name == INVOCATION


async def test_while_the_registry_is_away_nothing_is_decided(
    codec: AvroCodec, registry: InMemoryRegistry, encoder: AvroEncoder, invocation: dict[str, Any]
) -> None:
    record = record_of(await encoder.encode(TOPIC, INVOCATION, invocation))
    registry.away = True
    with pytest.raises(Retryable):
        await codec.prepare([record])
    registry.away = False
    await codec.prepare([record])
    assert codec.decode(record).record_name == INVOCATION


async def test_decoding_before_fetching_is_a_bug_and_no_dead_letter(codec: AvroCodec) -> None:
    with pytest.raises(LookupError):
        codec.decode(record_of(prefix_of(1) + b"x"))


@pytest.mark.parametrize(
    ("schema", "schema_type", "word"),
    [
        ({"type": "record", "name": "Order", "namespace": "shop", "fields": []}, "AVRO", "shop.Order"),
        ("string", "AVRO", "no record"),
        ({"type": "object"}, "JSON", "JSON"),
    ],
)
async def test_a_record_type_that_is_not_ours_is_rejected_by_its_name(
    codec: AvroCodec, registry: InMemoryRegistry, schema: Any, schema_type: str, word: str
) -> None:
    rejected = await rejection(codec, prefix_of(registry.add(schema, schema_type)) + b"x")
    assert rejected.code == "avro.unexpected_record"
    assert word in rejected.message
    assert INVOCATION in rejected.message


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": "recrod", "name": "X"}, 7])
async def test_an_invalid_schema_in_the_registry_rejects_its_records_only(
    codec: AvroCodec, registry: InMemoryRegistry, schema: Any
) -> None:
    assert (await rejection(codec, prefix_of(registry.add(schema)) + b"x")).code == "avro.unresolvable"
