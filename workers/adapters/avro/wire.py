"""The Confluent wire format: one zero byte, the writer schema's id in four bytes, then the Avro bytes.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

import struct

MAGIC = 0
PREFIX_BYTES = 5
MAX_SCHEMA_ID = 2**31 - 1
"""Registries count in signed 32-bit integers: a greater id was never given out."""

_PREFIX = struct.Struct(">BI")


def prefix_of(schema_id: int) -> bytes:
    """Return the five bytes in front of every value written with that schema."""
    return _PREFIX.pack(MAGIC, schema_id)


def schema_id_of(prefix: bytes) -> int:
    """Return the writer schema's id that the first five bytes of a value name."""
    _, schema_id = _PREFIX.unpack_from(prefix)
    return int(schema_id)


def is_framed(value: bytes) -> bool:
    """Tell whether a value starts as this wire format does."""
    return len(value) >= PREFIX_BYTES and value[0] == MAGIC
