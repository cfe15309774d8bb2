"""The decoder: Confluent wire format in, fields out."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from workers.adapters.avro.schema_registry import WriterDefinition
from workers.adapters.avro.schemas import Schema, is_record, parse
from workers.adapters.avro.wire import VALUE_SCHEMA_ID, SchemaName, frame_of, is_framed, schema_named_by
from workers.adapters.avro.writer_schema import Unreadable, WriterSchema
from workers.core.clock import Clock, SystemClock
from workers.core.errors import Dropped, Rejected
from workers.core.record import Decoded, Record
from workers.core.stage import Stage

ENVELOPE = frozenset({"before", "after", "source", "op"})
ABOUT_ITSELF = "io.debezium.connector."
"""How the names of records begin that tell of the connector: heartbeats, transactions, changes of schemas."""


def is_debeziums(writer: Any) -> bool:
    """Tell whether a parsed schema is that of a change event or of what the connector tells of itself."""
    if not is_record(writer):
        return False
    fields = {field["name"] for field in writer["fields"]}
    return fields >= ENVELOPE or writer["name"].startswith(ABOUT_ITSELF)


SERVER = "schema-registry"
"""The server that decoding needs, as circuit breakers and metrics name it."""
UNKNOWN_SECONDS = 60.0
"""How long the registry is not asked again for an id that it did not know."""
FORGET_SECONDS = 600.0
REQUESTS_AT_ONCE = 8
TOMBSTONE = "tombstone"
"""The reason under which tombstones of a change topic are dropped."""
CHANGE_EVENTS = "Debezium change events"


class Definitions(Protocol):
    """Where writer schemas come from; ``SchemaRegistry`` is one."""

    async def definition(self, schema: SchemaName) -> WriterDefinition | None: ...


class AvroCodec:
    """``Decoder`` for one worker's records: resolves by the id or GUID in the record alone.

    Each schema is fetched and parsed once. Points in time stay epoch numbers. ``change_events`` says whether the
    topic holds Debezium's: they are read in the shape of their writer, and tombstones dropped, else rejected.
    """

    def __init__(
        self,
        registry: Definitions,
        readers: Mapping[str, Schema],
        *,
        change_events: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._registry = registry
        self._readers = {name: parse([schema]) for name, schema in readers.items()}
        self._change_events = change_events
        self._clock = clock or SystemClock()
        self._writers: dict[bytes, WriterSchema | Unreadable] = {}
        self._fetching: dict[bytes, asyncio.Task[None]] = {}
        self._requests = asyncio.Semaphore(REQUESTS_AT_ONCE)

    @property
    def server(self) -> str:
        return SERVER

    async def prepare(self, records: Sequence[Record]) -> None:
        """Learn the writer schemas these records name, each once. Raises ``Retryable``."""
        now = self._clock.monotonic()
        prefixes = {frame_of(value, record.headers)[0] for record in records if (value := record.value) is not None}
        wanted = [prefix for prefix in prefixes if is_framed(prefix) and not self._knows(prefix, now)]
        if not wanted:
            return
        # Not gather: a cancelled waiter must not cancel what others wait for, too.
        done, _ = await asyncio.wait([self._fetch(prefix) for prefix in wanted])
        for task in done:
            task.result()

    def decode(self, record: Record) -> Decoded:
        """Decode the value; no I/O. Raises ``Rejected`` (DECODE), and ``Dropped`` for a change topic's tombstone.

        Raises ``LookupError`` when ``prepare`` was not called for the record before: a bug.
        """
        value = record.value
        if value is None:
            return self._tombstone()
        prefix, start = frame_of(value, record.headers)
        if writer := self._writers.get(prefix):
            return writer.read(value, start)
        raise self._without_writer(value, prefix, start)

    def decode_as_written(self, record: Record) -> Decoded:
        """Decode the value in the shape of its writer's schema, for a repair. Raises as ``decode`` does."""
        value = record.value
        if value is None:
            return self._tombstone()
        prefix, start = frame_of(value, record.headers)
        if writer := self._writers.get(prefix):
            return writer.read_as_written(value, start)
        raise self._without_writer(value, prefix, start)

    def _tombstone(self) -> Decoded:
        if self._change_events:
            raise Dropped(TOMBSTONE)
        message = "null value: this topic has no tombstones; send a record, or none"
        raise Rejected(Stage.DECODE, "value.tombstone", message)

    def _without_writer(self, value: bytes, prefix: bytes, start: int) -> Exception:
        if is_framed(prefix):
            return LookupError(f"schema {schema_named_by(prefix)} was not fetched before decoding")
        shown = prefix.hex() or "nothing"
        if start:
            message = (
                f"{len(value)} bytes that begin with {shown} are not Avro in Confluent wire format "
                "(00, then a schema id of four bytes): use a Confluent Avro serializer"
            )
        else:
            message = (
                f"the header {VALUE_SCHEMA_ID} begins with {shown} and names no schema "
                "(00 and an id of four bytes, or 01 and a GUID of 16 bytes): use a Confluent Avro serializer"
            )
        return Rejected(Stage.DECODE, "avro.bad_magic", message)

    def _knows(self, prefix: bytes, now: float) -> bool:
        writer = self._writers.get(prefix)
        return writer is not None and now < writer.expires_at

    def _fetch(self, prefix: bytes) -> asyncio.Task[None]:
        task = self._fetching.get(prefix)
        if task is None:
            task = self._fetching[prefix] = asyncio.create_task(self._learn(prefix))
            task.add_done_callback(lambda done: self._fetched(prefix, done))
        return task

    def _fetched(self, prefix: bytes, task: asyncio.Task[None]) -> None:
        del self._fetching[prefix]
        if not task.cancelled():
            task.exception()  # looked at, should every waiter have been cancelled

    async def _learn(self, prefix: bytes) -> None:
        schema = schema_named_by(prefix)
        async with self._requests:
            definition = await self._registry.definition(schema)
        now = self._clock.monotonic()
        self._forget_unknown(before=now - FORGET_SECONDS)
        self._writers[prefix] = self._resolve(schema, definition, now)

    def _forget_unknown(self, before: float) -> None:
        """Keep garbage ids from filling the memory; late enough that the task that fetched one has decoded with it."""
        for prefix in [known for known, writer in self._writers.items() if writer.expires_at < before]:
            del self._writers[prefix]

    def _resolve(
        self, schema_id: SchemaName, definition: WriterDefinition | None, now: float
    ) -> WriterSchema | Unreadable:
        if definition is None or definition.missing is not None or definition.refused is not None:
            return _missing(schema_id, definition, now + UNKNOWN_SECONDS)
        if definition.schema_type != "AVRO":
            return self._unexpected(schema_id, f"is a {definition.schema_type} schema")
        try:
            writer: Any = parse([json.loads(text) for text in definition.texts])
        except Exception as error:  # noqa: BLE001 - reported, and ends the process
            message = f"schema {schema_id} is no valid Avro schema ({error}): register a valid one"
            return Unreadable("avro.unresolvable", message)
        name = writer["name"] if is_record(writer) else "no record"
        if name in self._readers:
            return WriterSchema(schema_id, writer, self._readers[name])
        if self._change_events and is_debeziums(writer):
            return WriterSchema(schema_id, writer)
        return self._unexpected(schema_id, f"is of {name}")

    def _unexpected(self, schema_id: SchemaName, problem: str) -> Unreadable:
        ours = ", ".join([*sorted(self._readers), *([CHANGE_EVENTS] if self._change_events else [])])
        message = f"schema {schema_id} {problem}, this topic takes {ours}: send one of these"
        return Unreadable("avro.unexpected_record", message)


def _missing(schema_id: SchemaName, definition: WriterDefinition | None, expires_at: float) -> Unreadable:
    """Return why records cannot be read whose schema, or one that it refers to, is not to be had."""
    if definition is None:
        hint = "" if isinstance(schema_id, int) else " (one without GUIDs knows none: let producers send ids)"
        message = f"the schema registry knows no schema {schema_id}{hint}: register it, then replay this record"
        return Unreadable("avro.unknown_schema", message, expires_at)
    if definition.refused is not None:
        return Unreadable("avro.unresolvable", f"schema {schema_id} {definition.refused}")
    message = f"schema {schema_id} refers to {definition.missing}, which the registry lacks: register that"
    return Unreadable("avro.unresolvable", message, expires_at)
