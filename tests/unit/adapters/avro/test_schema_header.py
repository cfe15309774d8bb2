"""A schema that is named in a header, as Confluent's own serializer does it, and the value is plain Avro."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka.schema_registry import header_schema_id_serializer
from confluent_kafka.schema_registry.serde import SchemaId
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.unit.adapters.avro.in_memory_registry import INVOCATION, TOPIC, InMemoryRegistry, record_of, written
from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schemas import Schema
from workers.adapters.avro.wire import PREFIX_BYTES
from workers.core.errors import Rejected
from workers.core.record import ConsumedRecord
from workers.ops.dead_letters.letter import letter_of
from workers.ops.dead_letters.replaying.repair import Repair

GUID = UUID("4dc6ba0a-9c36-4ed0-8b6a-6a3b0f3a5a11")


def sent(value: bytes, schema_id: SchemaId, field: MessageField = MessageField.VALUE) -> ConsumedRecord:
    """Return a record whose schema Confluent's serializer has put into its headers."""
    headers: Any = [("trace", b"1")]
    payload = header_schema_id_serializer(value, SerializationContext(TOPIC, field, headers), schema_id)
    return record_of(payload)._replace(headers=headers)


async def test_the_guid_of_confluent_s_serializer_is_read(
    codec: AvroCodec, registry: InMemoryRegistry, schemas: Mapping[str, Schema], invocation: dict[str, Any]
) -> None:
    value = written(registry, schemas[INVOCATION], invocation)[PREFIX_BYTES:]
    registry.guids[GUID] = 1
    record = sent(value, SchemaId("AVRO", guid=str(GUID)))
    await codec.prepare([record])

    assert codec.decode(record).fields["event_id"] == invocation["event_id"]
    assert codec.decode_as_written(record).record_name == INVOCATION
    assert registry.asked == [GUID]


async def test_an_id_in_the_header_is_read_and_the_value_is_all_avro(
    codec: AvroCodec, registry: InMemoryRegistry, schemas: Mapping[str, Schema], invocation: dict[str, Any]
) -> None:
    framed = written(registry, schemas[INVOCATION], invocation)
    record = record_of(framed[PREFIX_BYTES:])._replace(headers=[("__value_schema_id", framed[:PREFIX_BYTES])])
    await codec.prepare([record, record_of(framed)])

    assert codec.decode(record) == codec.decode(record_of(framed))
    assert registry.asked == [1]


async def test_the_header_of_the_key_says_nothing_about_the_value(
    codec: AvroCodec, registry: InMemoryRegistry, schemas: Mapping[str, Schema], invocation: dict[str, Any]
) -> None:
    framed = written(registry, schemas[INVOCATION], invocation)
    record = sent(framed, SchemaId("AVRO", guid=str(GUID)), MessageField.KEY)
    await codec.prepare([record])

    assert codec.decode(record).record_name == INVOCATION


async def test_a_guid_that_the_registry_lacks_is_a_dead_letter(codec: AvroCodec) -> None:
    record = sent(b"\x02a", SchemaId("AVRO", guid=str(GUID)))
    await codec.prepare([record])

    with pytest.raises(Rejected, match=f"knows no schema {GUID}") as caught:
        codec.decode(record)
    assert caught.value.code == "avro.unknown_schema"


async def test_what_is_corrupt_is_worded_as_for_a_value_with_its_id(
    codec: AvroCodec, registry: InMemoryRegistry, schemas: Mapping[str, Schema], invocation: dict[str, Any]
) -> None:
    framed = written(registry, schemas[INVOCATION], invocation)
    header = [("__value_schema_id", framed[:PREFIX_BYTES])]
    cut, longer = (record_of(part)._replace(headers=header) for part in (framed[5:-1], framed[5:] + b"!"))
    await codec.prepare([cut, longer])

    for record, code in ((cut, "avro.truncated"), (longer, "avro.trailing_bytes")):
        with pytest.raises(Rejected) as caught:
            codec.decode(record)
        assert caught.value.code == code


@pytest.mark.parametrize("header", [b"", b"\x00\x00", b"\x01" + bytes(15), b"\x02" + bytes(16)])
async def test_a_header_that_names_no_schema_is_a_dead_letter(codec: AvroCodec, header: bytes) -> None:
    record = record_of(b"\x02a")._replace(headers=[("__value_schema_id", header)])
    await codec.prepare([record])

    with pytest.raises(Rejected, match="__value_schema_id begins with") as caught:
        codec.decode(record)
    assert caught.value.code == "avro.bad_magic"


async def test_a_repaired_letter_names_its_schema_in_the_value_alone(
    codec: AvroCodec,
    encoder: AvroEncoder,
    registry: InMemoryRegistry,
    schemas: Mapping[str, Schema],
    invocation: dict[str, Any],
) -> None:
    value = written(registry, schemas[INVOCATION], invocation)[PREFIX_BYTES:]
    registry.guids[GUID] = 1
    letter = letter_of(sent(value, SchemaId("AVRO", guid=str(GUID))))
    (repaired,) = await Repair([{"provider": "acme"}], codec, encoder).repaired([letter])
    await codec.prepare([repaired.letter.record])

    assert codec.decode(repaired.letter.record).fields["provider"] == "acme"
    assert list(repaired.letter.headers) == [("trace", b"1")]
