"""The encoder: fields of our schemas in, Confluent wire format out."""

import asyncio
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from fastavro import schemaless_writer

from workers.adapters.avro.schemas import Registrar, Schema, parse, subject_of
from workers.adapters.avro.wire import prefix_of


class AvroEncoder:
    """Encodes records of ``schemas``; registers each under its topic's subject, once, when first needed."""

    def __init__(self, registry: Registrar, schemas: Mapping[str, Schema]) -> None:
        self._registry = registry
        self._schemas = schemas
        self._parsed = {name: parse([schema]) for name, schema in schemas.items()}
        self._prefixes: dict[tuple[str, str], bytes] = {}
        self._registering = asyncio.Lock()

    async def encode(self, topic: str, record_name: str, fields: Mapping[str, Any]) -> bytes:
        """Encode one record for the topic. ``record_name`` is the full name; fields with defaults may be left out.

        Raises ``ValueError`` or ``TypeError`` for fields that do not fit the schema, ``KeyError`` for a record
        without schema; ``Misconfigured`` or ``Retryable`` when its schema cannot be registered.
        """
        prefix = self._prefixes.get((topic, record_name)) or await self._register(topic, record_name)
        target = BytesIO()
        target.write(prefix)
        schemaless_writer(target, self._parsed[record_name], fields, strict_allow_default=True)
        return target.getvalue()

    def field_names(self, record_name: str) -> frozenset[str]:
        """Return the names of a record's fields. Raises ``KeyError`` for a record without schema."""
        return frozenset(field["name"] for field in self._parsed[record_name]["fields"])

    async def _register(self, topic: str, record_name: str) -> bytes:
        async with self._registering:
            prefix = self._prefixes.get((topic, record_name))
            if prefix is None:
                schema_id = await self._registry.register(subject_of(topic, record_name), self._schemas[record_name])
                prefix = self._prefixes[topic, record_name] = prefix_of(schema_id)
            return prefix
