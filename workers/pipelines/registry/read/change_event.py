"""Read a Debezium change event: make an event of it, drop it by a named policy, or reject it with a fix."""

from collections.abc import Callable, Mapping
from typing import Any

from workers.core.checks import described, quoted, reject
from workers.core.errors import Dropped
from workers.core.record import Decoded
from workers.pipelines.registry.events import UNSENT, Deletion, Event, Position
from workers.pipelines.registry.options import Accept
from workers.pipelines.registry.read.tables import Table, tables

KEY_COLUMNS = {"model": "model_id", "version": "model_id", "schema": "schema_id", "capability": "model_id"}
"""The column that the changes of each kind of row are keyed by."""

CHANGES = {"r": "read", "c": "created", "u": "updated", "d": "deleted"}
"""The kinds of change, by Debezium's ``op``. A row is ``read`` when the connector takes a snapshot of its table."""

ROWLESS = {"t": "truncate", "m": "message"}
"""Operations without a row: a truncated table (Debezium does not send its rows), a logged message."""

CONTROL = {"schemachange": "schema_change", "heartbeat": "heartbeat", "transactionmetadata": "transaction"}
"""Debezium's records about itself, by the lower-case prefix of their names."""


def parser(accept: Accept) -> Callable[[Decoded, int], Event]:
    """Return the worker's ``parse``.

    It raises ``Dropped`` for ``ROWLESS``, ``CONTROL`` and tombstones, and ``Rejected`` (VALIDATE) with one of
    ``table.unknown``, ``operation.unknown``, ``field.missing``, ``field.type``,
    ``field.too_large``, ``field.not_unicode``, ``date.invalid``, ``timestamp.invalid``, ``json.invalid``,
    ``json_schema.invalid``, ``capability.enum``, ``cost_per_1k_tokens.digits``, ``key.mismatch``, ``column.unsent``, or
    column and rule of the JSON Schema in ``model_rules``, such as ``version.pattern`` or ``vector_clock.type``.
    """
    known = tables(accept)

    def parse(decoded: Decoded, _now_ms: int) -> Event:
        fields = decoded.fields
        if not fields.keys() >= {"op", "source"}:
            raise Dropped(_control_reason(decoded))
        table, operation = _table(fields, known), fields["op"]
        if operation in ROWLESS:
            raise Dropped(ROWLESS[operation], f"{table.kind if table else 'source'}.{ROWLESS[operation]}")
        if table is None:
            named = quoted(fields["source"].get("table"))
            reject("table.unknown", f"source.table is {named}: capture only {', '.join(known)}")
        return _read(table, fields)

    return parse


def _control_reason(decoded: Decoded) -> str:
    """Return the drop reason of a record that is no change event. Raises ``Rejected`` for a foreign record."""
    if not decoded.record_name:
        return "tombstone"
    name = decoded.record_name.rpartition(".")[2].lower()
    reason = next((reason for begins, reason in CONTROL.items() if name.startswith(begins)), None)
    if reason is None:
        fix = "send the change events of a table"
        reject("record.unknown", f"{quoted(decoded.record_name)} is no change event: {fix}")
    return reason


def _table(fields: Mapping[str, Any], known: Mapping[str, Table]) -> Table | None:
    source = fields["source"]
    if not isinstance(source, Mapping):
        reject("field.missing", f"source is {quoted(source)}: send change events with their source block")
    return known.get(source.get("table") or "")


def _read(table: Table, fields: Mapping[str, Any]) -> Event:
    operation = fields["op"]
    if operation not in CHANGES:
        reject("operation.unknown", f"op is {quoted(operation)}: send one of {', '.join(CHANGES)}")
    image = "before" if operation == "d" else "after"
    row = fields.get(image)
    if not isinstance(row, Mapping):
        reject(
            "field.missing",
            f"{image} is {quoted(row)}: give the table a primary key, so that change events contain rows",
        )
    event_type, position = f"{table.kind}.{CHANGES[operation]}", _position(fields["source"])
    if operation == "d":
        return Event(event_type, position, table.deleted(row))
    replaced = _replaced(table, fields.get("before"), row) if operation == "u" else None
    event = Event(event_type, position, table.row(row), replaced)
    if replaced is not None or operation == "c":
        _check_whole(event, fields["source"]["table"])
    return event


def _replaced(table: Table, before: Any, row: Mapping[str, Any]) -> Deletion | None:
    """Return the row under its old key, if the update has changed the key.

    PostgreSQL logs the old key only then, unless the table's replica identity is ``FULL``. Debezium itself makes a
    deletion and an insertion of a change of ``message.key.columns``; no event names two subjects. Raises ``Rejected``.
    """
    if not isinstance(before, Mapping):
        return None
    old, new = table.deleted(before), table.deleted(row)
    if old[0] != new[0]:
        column = KEY_COLUMNS[table.kind]
        fix = f"key the table's changes by {column} (message.key.columns)"
        reject("key.mismatch", f"{column} was {quoted(old[0])} and is {quoted(new[0])} in one change: {fix}")
    return None if old == new else old


def _check_whole(event: Event, table: str) -> None:
    """Reject a row under a new key without its large columns: nothing else has them. Raises ``Rejected``."""
    for column, value in event.change._asdict().items():
        if value is UNSENT:
            fix = f"ALTER TABLE {table} REPLICA IDENTITY FULL, release the key, and take a new snapshot of the row"
            reject("column.unsent", f"{column} was not sent with the row's new key, because it has not changed: {fix}")


def check_key(event: Event, key: bytes | None) -> None:
    """Check that the record is keyed by the subject of its change, so that its changes stay in order.

    The key is Avro, which contains text as plain UTF-8: the subject must be a part of it. Raises ``Rejected``
    (VALIDATE) with ``key.missing`` or ``key.mismatch``.
    """
    subject, keyed_by = event.change[0], KEY_COLUMNS[event.event_type.partition(".")[0]]
    if not key:
        reject("key.missing", f"the key is {key!r}: key the table's changes by {keyed_by} (message.key.columns)")
    if subject.encode() not in key:
        reject("key.mismatch", f"the key is {described(key)}: key the table's changes by {keyed_by}, {quoted(subject)}")


def _position(source: Mapping[str, Any]) -> Position:
    lsn, ts_ms = source.get("lsn"), source.get("ts_ms")
    if not isinstance(ts_ms, int) or not isinstance(lsn, int | None):
        reject(
            "field.missing", f"source.ts_ms is {quoted(ts_ms)}, source.lsn {quoted(lsn)}: send Debezium's own source"
        )
    return Position(lsn, ts_ms)
