"""Make an event of a change event of Debezium's, leave it out by a named policy, or turn it away with a fix."""

from collections.abc import Callable, Mapping
from typing import Any

from workers.core.checks import quoted, reject
from workers.core.errors import Dropped
from workers.core.record import Decoded, Record
from workers.pipelines.registry.model import Event, Position
from workers.pipelines.registry.policy import Accept
from workers.pipelines.registry.tables import Table, tables

CHANGES = {"r": "read", "c": "created", "u": "updated", "d": "deleted"}
"""What was done to a row, by Debezium's ``op``. A row is read when the connector takes a snapshot of its table."""

LEFT_OUT = {"t": "truncate", "m": "message"}
"""Operations that tell of no row: a table was emptied (its rows' deletions are not told), a message was logged."""

CONTROL = {"schemachange": "schema_change", "heartbeat": "heartbeat", "transactionmetadata": "transaction"}
"""Debezium's records about itself, by how their names begin, in lower case."""

Parse = Callable[[Decoded, Record, int], Event]


def parser(accept: Accept) -> Parse:
    """Return the worker's ``parse``.

    It raises ``Dropped`` for ``LEFT_OUT``, ``CONTROL`` and tombstones, and ``Rejected`` (VALIDATE) with one of
    ``table.unknown``, ``operation.unknown``, ``key.missing``, ``key.mismatch``, ``field.missing``, ``field.type``,
    ``field.too_large``, ``field.not_unicode``, ``date.invalid``, ``timestamp.invalid``, ``json.invalid``,
    ``json_schema.invalid``, ``capability.enum``, ``cost_per_1k_tokens.digits``, or column and rule of the JSON
    Schema in ``rules``, such as ``version.pattern`` or ``vector_clock.type``.
    """
    known = tables(accept)

    def parse(decoded: Decoded, record: Record, _: int) -> Event:
        fields = decoded.fields
        if not fields.keys() >= {"op", "source"}:
            raise Dropped(_about_itself(decoded))
        table, operation = _table(fields, known), fields["op"]
        if operation in LEFT_OUT:
            raise Dropped(LEFT_OUT[operation], f"{table.kind if table else 'source'}.{LEFT_OUT[operation]}")
        if table is None:
            named = quoted(fields["source"].get("table"))
            reject("table.unknown", f"source.table is {named}: capture only {', '.join(known)}")
        return _read(table, fields, record)

    return parse


def _about_itself(decoded: Decoded) -> str:
    """Name the record that is no change event. Raises ``Rejected`` for one that is not Debezium's."""
    if not decoded.record_name:
        return "tombstone"
    name = decoded.record_name.rpartition(".")[2].lower()
    reason = next((reason for begins, reason in CONTROL.items() if name.startswith(begins)), None)
    if reason is None:
        fix = "send what Debezium makes of a table"
        reject("record.unknown", f"{quoted(decoded.record_name)} is no change event: {fix}")
    return reason


def _table(fields: Mapping[str, Any], known: Mapping[str, Table]) -> Table | None:
    source = fields["source"]
    if not isinstance(source, Mapping):
        reject("field.missing", f"source is {quoted(source)}: send change events with their source")
    return known.get(source.get("table") or "")


def _read(table: Table, fields: Mapping[str, Any], record: Record) -> Event:
    operation = fields["op"]
    if operation not in CHANGES:
        reject("operation.unknown", f"op is {quoted(operation)}: it should be one of {', '.join(CHANGES)}")
    image = "before" if operation == "d" else "after"
    row = fields.get(image)
    if not isinstance(row, Mapping):
        reject("field.missing", f"{image} is {quoted(row)}: give the table a primary key, so that changes tell of rows")
    change = table.gone(row) if operation == "d" else table.row(row)
    _check_key(record.key, table.keyed_by, change[0])
    return Event(f"{table.kind}.{CHANGES[operation]}", _position(fields["source"]), change)


def _check_key(key: bytes | None, keyed_by: str, subject: str) -> None:
    """Changes of one subject stay in one partition, and in order, only where it is the key (see message.key.columns).

    The key is Avro, whose texts are UTF-8 as they are: the subject must be in it.
    """
    if not key:
        reject("key.missing", f"the key is {key!r}: key the table's changes by {keyed_by}")
    if subject.encode() not in key:
        reject("key.mismatch", f"the key is {quoted(key)}: key the table's changes by {keyed_by}, {quoted(subject)}")


def _position(source: Mapping[str, Any]) -> Position:
    lsn, ts_ms = source.get("lsn"), source.get("ts_ms")
    if not isinstance(ts_ms, int) or not isinstance(lsn, int | None):
        reject(
            "field.missing", f"source.ts_ms is {quoted(ts_ms)}, source.lsn {quoted(lsn)}: send Debezium's own source"
        )
    return Position(lsn, ts_ms)
