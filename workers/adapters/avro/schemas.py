"""Our own schemas: read from their folder, parsed for fastavro, registered for a topic."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from fastavro.schema import SchemaParseException, UnknownType, parse_schema

from workers.core.errors import Misconfigured

Schema: TypeAlias = Mapping[str, Any]
"""A record schema as its ``.avsc`` file has it: decoded JSON, with documentation and defaults."""


class Registrar(Protocol):
    """Where schemas are registered; ``SchemaRegistry`` is one."""

    async def register(self, subject: str, schema: Schema) -> int: ...


def load_reader_schemas(folder: Path) -> Mapping[str, Schema]:
    """Read every ``.avsc`` of the folder, by the full name of its record.

    Raises ``Misconfigured`` when there is none, or one is no valid Avro record.
    """
    schemas: dict[str, Schema] = {}
    for file in sorted(folder.glob("*.avsc")):
        name, schema = _read(file)
        if name in schemas:
            raise Misconfigured(f"{file} defines {name}, as another file beside it does: keep one of them")
        schemas[name] = schema
    if not schemas:
        raise Misconfigured(f"no *.avsc in {folder}: set `schemas` in topology.yaml to the folder that holds them")
    return schemas


def _read(file: Path) -> tuple[str, Schema]:
    try:
        schema = json.loads(file.read_bytes())
        parsed = parse([schema])
    except (ValueError, SchemaParseException, UnknownType) as error:
        raise Misconfigured(f"{file} is no valid Avro schema: {error}") from error
    if not is_record(parsed):
        raise Misconfigured(f"{file} defines no record: each file must hold one record schema")
    return parsed["name"], schema


def parse(definitions: Sequence[Any]) -> Any:
    """Parse the last definition for fastavro; those before it are what it refers to by name.

    Logical types are left out: a point in time stays the integer it is on the wire, which is faster, and
    the same whether or not the writer's schema declares it. Raises ``SchemaParseException``, ``UnknownType``.
    """
    named: dict[str, Any] = {}
    parsed: Any = None
    for definition in definitions:
        parsed = parse_schema(plain(definition), named_schemas=named)
    return parsed


def plain(definition: Any) -> Any:
    """Return the definition without logical types."""
    if isinstance(definition, list):
        return [plain(part) for part in definition]
    if not isinstance(definition, dict):
        return definition
    return {
        name: value if name == "default" else plain(value)
        for name, value in definition.items()
        if not (name == "logicalType" and "type" in definition)
    }


def is_record(parsed: Any) -> bool:
    """Tell whether a parsed schema is a record."""
    return isinstance(parsed, dict) and parsed.get("type") == "record"


def subject_of(topic: str, record_name: str) -> str:
    """Name the registry's subject as TopicRecordNameStrategy does."""
    return f"{topic}-{record_name}"


async def register_schemas(registry: Registrar, topic: str, schemas: Mapping[str, Schema]) -> dict[str, int]:
    """Register every schema for the topic; return the ids by record name. Registering again changes nothing.

    Raises ``Misconfigured`` when the registry refuses one, ``Retryable`` while it is away.
    """
    registrations = (registry.register(subject_of(topic, name), schema) for name, schema in schemas.items())
    return dict(zip(schemas, await asyncio.gather(*registrations), strict=True))
