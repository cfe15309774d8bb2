"""Records as bytes for Kafka: good ones encoded, bad ones with an error added."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from workers.dev.sample.records.poison import Poison, PoisonKind
from workers.dev.sample.records.sampled import Sampled

UNKNOWN_SCHEMA_ID = 0x7FFF_FFFF
SCHEMA_ID = slice(1, 5)
"""Position of the schema id in the Confluent wire format: four bytes, big-endian."""
FOREIGN_RECORD = "com.example.weather.Observation"
FOREIGN_SCHEMA: Mapping[str, Any] = {
    "type": "record",
    "name": "Observation",
    "namespace": "com.example.weather",
    "doc": "A record that has no business among telemetry: what a producer with the wrong topic would send.",
    "fields": [{"name": "station", "type": "string"}, {"name": "celsius", "type": "double"}],
}
FOREIGN_FIELDS: Mapping[str, Any] = {"station": "EDDH", "celsius": 11.5}


class Encoder(Protocol):
    """The part of the Avro encoder that this module needs."""

    async def encode(self, topic: str, record_name: str, fields: Mapping[str, Any]) -> bytes:
        """Return the value in Confluent wire format."""
        ...


async def value_of(item: Sampled | Poison, topic: str, encoder: Encoder) -> bytes | None:
    """Return the value to send; ``None`` is a tombstone."""
    if isinstance(item, Sampled):
        return await encoder.encode(topic, item.record_name, item.fields)
    spoil = _SPOILERS.get(item.kind)
    return await (spoil or value_of)(item.sampled, topic, encoder)


async def _not_avro(record: Sampled, _topic: str, _encoder: Encoder) -> bytes:
    return f'{{"trace_id": "{record.key}", "status": "SUCCESS"}}'.encode()


async def _unknown_schema_id(record: Sampled, topic: str, encoder: Encoder) -> bytes:
    value = bytearray(await encoder.encode(topic, record.record_name, record.fields))
    value[SCHEMA_ID] = UNKNOWN_SCHEMA_ID.to_bytes(4, "big")
    return bytes(value)


async def _foreign_record(_record: Sampled, topic: str, encoder: Encoder) -> bytes:
    return await encoder.encode(topic, FOREIGN_RECORD, FOREIGN_FIELDS)


async def _truncated(record: Sampled, topic: str, encoder: Encoder) -> bytes:
    value = await encoder.encode(topic, record.record_name, record.fields)
    return value[: len(value) // 2]


async def _tombstone(_record: Sampled, _topic: str, _encoder: Encoder) -> None:
    return None


async def _unknown_status(record: Sampled, topic: str, encoder: Encoder) -> bytes:
    """Return a fourth symbol of a three-symbol enum, as from a newer schema.

    Avro writes a symbol as its index, so the byte in which two symbols differ is changed.
    """
    first, last = [
        await encoder.encode(topic, record.record_name, {**record.fields, "status": status})
        for status in ("SUCCESS", "TIMEOUT")
    ]
    where = next(index for index, (one, other) in enumerate(zip(first, last, strict=True)) if one != other)
    spoilt = bytearray(first)
    spoilt[where] = 3 << 1  # zigzag
    return bytes(spoilt)


_SPOILERS: Mapping[PoisonKind, Callable[[Sampled, str, Encoder], Awaitable[bytes | None]]] = {
    PoisonKind.NOT_AVRO: _not_avro,
    PoisonKind.UNKNOWN_SCHEMA_ID: _unknown_schema_id,
    PoisonKind.FOREIGN_RECORD: _foreign_record,
    PoisonKind.TRUNCATED: _truncated,
    PoisonKind.TOMBSTONE: _tombstone,
    PoisonKind.UNKNOWN_STATUS: _unknown_status,
}
