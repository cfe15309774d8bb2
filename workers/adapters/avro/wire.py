"""The Confluent wire format: what names the writer's schema, and where the Avro bytes begin.

Either the value begins with a zero byte and the schema's id in four bytes. Or all of the value is Avro, and the header
``__value_schema_id`` has the name: those same five bytes, or a byte 1 and the schema's GUID in 16 bytes.
https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

import struct
from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

MAGIC = 0
PREFIX_BYTES = 5
GUID_MAGIC = 1
GUID_PREFIX_BYTES = 17
MAX_SCHEMA_ID = 2**31 - 1
"""Registries count in signed 32-bit integers: a greater id was never given out."""
VALUE_SCHEMA_ID = "__value_schema_id"

SchemaName: TypeAlias = int | UUID

_PREFIX = struct.Struct(">BI")


def prefix_of(schema_id: int) -> bytes:
    """Return the five bytes in front of every value written with that schema."""
    return _PREFIX.pack(MAGIC, schema_id)


def schema_named_by(prefix: bytes) -> SchemaName:
    """Return the id or the GUID of the writer's schema that a framed prefix has."""
    if prefix[0] == GUID_MAGIC:
        return UUID(bytes=prefix[1:GUID_PREFIX_BYTES])
    _, schema_id = _PREFIX.unpack_from(prefix)
    return int(schema_id)


def frame_of(value: bytes, headers: Sequence[tuple[str, bytes | None]]) -> tuple[bytes, int]:
    """Return the prefix that names the writer's schema, and the index in ``value`` at which the Avro bytes begin.

    The first header of that name goes before the value, as for Confluent's deserializers. What it has after the
    name, such as Protobuf's message indexes, is left out.
    """
    for name, prefix in headers:
        if name == VALUE_SCHEMA_ID and prefix is not None:
            return prefix[: GUID_PREFIX_BYTES if prefix[:1] == b"\1" else PREFIX_BYTES], 0
    return value[:PREFIX_BYTES], PREFIX_BYTES


def is_framed(prefix: bytes) -> bool:
    """Tell whether bytes start as this wire format does."""
    if prefix[:1] == b"\1":
        return len(prefix) == GUID_PREFIX_BYTES
    return len(prefix) >= PREFIX_BYTES and prefix[0] == MAGIC
