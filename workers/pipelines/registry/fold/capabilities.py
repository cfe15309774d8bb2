"""The capabilities of a model: rows of the table ``capabilities``, and a list in the model's metadata."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workers.pipelines.registry.events import Position


class CapabilityRowState(NamedTuple):
    """A row of the table; ``exists`` is false for a deleted one. ``added_at`` in epoch milliseconds."""

    position: Position
    added_at: int | None
    exists: bool


class CapabilityDifference(NamedTuple):
    """Capabilities that are only in the list or only in the table."""

    only_listed: tuple[str, ...]
    only_in_table: tuple[str, ...]


@dataclass(slots=True)
class Capabilities:
    """Rows by name; the list as it came last (``stated``); and the listed names without those whose row was deleted."""

    rows: dict[str, CapabilityRowState] = field(default_factory=dict)
    stated: tuple[str, ...] | None = None
    listed: dict[str, int | None] = field(default_factory=dict)

    def set_listed(self, names: tuple[str, ...] | None, at: int | None) -> CapabilityDifference | None:
        """Set the list of a model's row, written ``at`` epoch milliseconds; return how it differs from the table.

        An unchanged list is ignored. A model without rows in the table is not compared.
        """
        if names == self.stated:
            return None
        self.stated = names
        self.listed = {name: self.listed.get(name, at) for name in names or ()}
        table = {name for name, row in self.rows.items() if row.exists}
        if names is None or not table or table == set(names):
            return None
        return CapabilityDifference(tuple(sorted(set(names) - table)), tuple(sorted(table - set(names))))

    def put(self, name: str, row: CapabilityRowState) -> bool:
        """Set a row, or delete it from rows and list; tell whether this changes anything."""
        before = self._visible(name)
        self.rows[name] = row
        if not row.exists:
            self.listed.pop(name, None)
        return self._visible(name) != before

    def in_force(self, *, table_wins: bool) -> dict[str, int | None]:
        """Return the capabilities in force, each with the time it was added."""
        table = {name: row.added_at for name, row in self.rows.items() if row.exists}
        return table if table_wins and table else self.listed | table

    def _visible(self, name: str) -> tuple[bool, bool, int | None]:
        row = self.rows.get(name)
        return name in self.listed, row is not None and row.exists, row.added_at if row and row.exists else None

    def dump(self) -> list[Any]:
        """Return plain values for JSON."""
        rows = {name: [*row.position, row.added_at, row.exists] for name, row in self.rows.items()}
        return [rows, self.stated, self.listed]

    @classmethod
    def load(cls, dumped: Iterable[Any]) -> "Capabilities":
        """Return the capabilities of dumped values."""
        rows, stated, listed = dumped
        return cls(_load_rows(rows), None if stated is None else tuple(stated), listed)


def _load_rows(rows: Mapping[str, list[Any]]) -> dict[str, CapabilityRowState]:
    return {
        name: CapabilityRowState(Position(lsn, ts_ms), added_at, exists)
        for name, (lsn, ts_ms, added_at, exists) in rows.items()
    }
