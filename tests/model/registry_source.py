"""A simulated registry database with Debezium: rows, log, commits, snapshots."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

KEYS = {
    "models": ("model_id",),
    "model_versions": ("model_id", "version"),
    "schemas": ("schema_id", "version"),
    "capabilities": ("model_id", "capability"),
}
COLUMNS = {
    "models": (
        *("model_id", "version", "provider", "context_window", "training_cutoff", "cost_per_1k_tokens"),
        *("effective_from", "deprecated", "metadata", "updated_at"),
    ),
    "model_versions": ("model_id", "version", "released_at", "deprecated_at", "changelog"),
    "schemas": ("schema_id", "version", "json_schema", "compatible_models", "published_at"),
    "capabilities": ("model_id", "capability", "added_at"),
}
BEGINS = 1_700_000_000_000
"""The time of the first commit, in epoch milliseconds."""

Row = Mapping[str, Any]


class Change(NamedTuple):
    """A change event and its key."""

    key: bytes
    fields: dict[str, Any]


def change(  # noqa: PLR0913, PLR0917 - the parts of a change
    table: str, operation: str, row: Row, lsn: int | None = 1, ts_ms: int = BEGINS, old_key: tuple[str, ...] = ()
) -> Change:
    """Return the change event of a row, with nulls for columns not given; ``old_key`` where an update changes it."""
    whole = {column: row.get(column) for column in COLUMNS[table]}
    known_key = dict(zip(KEYS[table], old_key, strict=True)) if old_key else row
    gone = {column: known_key.get(column) if column in KEYS[table] else None for column in whole}
    source = {"connector": "postgresql", "table": table, "lsn": lsn, "ts_ms": ts_ms, "snapshot": "false"}
    subject = str(row.get(KEYS[table][0]))
    fields = {
        "before": gone if operation == "d" or old_key else None,
        "after": None if operation == "d" else whole,
        "source": source,
        "op": operation,
        "ts_ms": ts_ms + 5,
    }
    return Change(b"\x00\x00\x00\x00\x07" + bytes([2 * len(subject) % 256]) + subject.encode(), fields)


def jsonb(value: Any) -> str:
    """Return PostgreSQL's text of a jsonb value: equal values give equal text."""
    return json.dumps(value, sort_keys=True)


class Source:
    """Tables; every change is logged, in the order of commits."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
        self.log: list[Change] = []
        self.lsn = 1_000

    def put(self, table: str, row: Row, unsent: tuple[str, ...] = ()) -> None:
        """Insert or update a row.

        The event leaves out unchanged columns of ``unsent``, as for large values.
        """
        key = tuple(row[column] for column in KEYS[table])
        known = self.rows.get((table, key))
        self.rows[table, key] = (known or {}) | dict(row)
        sent = dict(self.rows[table, key])
        if known is not None:
            for column in unsent:
                if known.get(column) == sent.get(column) and sent.get(column) is not None:
                    placeholder = "__debezium_unavailable_value"
                    sent[column] = [placeholder] if column == "compatible_models" else placeholder
        self._log(table, "c" if known is None else "u", sent)

    def delete(self, table: str, *key: str) -> None:
        """Delete a row if it exists."""
        if row := self.rows.pop((table, key), None):
            self._log(table, "d", row)

    def rename(self, table: str, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        """Change the key of a row. Another subject is another message key: a deletion and an insertion."""
        if old == new or (table, old) not in self.rows or (table, new) in self.rows:
            return
        gone = self.rows.pop((table, old))
        row = self.rows[table, new] = gone | dict(zip(KEYS[table], new, strict=True))
        self.lsn += 10
        at = (self.lsn, BEGINS + self.lsn)
        if old[0] == new[0]:
            self.log.append(change(table, "u", row, *at, old))
        else:
            self.log += [change(table, "d", gone, *at), change(table, "c", row, *at)]

    def snapshot(self) -> None:
        """Log all rows again, as a snapshot does."""
        self.lsn += 10
        for (table, _), row in self.rows.items():
            self.log.append(change(table, "r", row, self.lsn, BEGINS + self.lsn))

    def _log(self, table: str, operation: str, row: Row) -> None:
        self.lsn += 10
        self.log.append(change(table, operation, row, self.lsn, BEGINS + self.lsn))
