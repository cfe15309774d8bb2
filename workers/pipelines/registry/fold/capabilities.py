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
    """Rows by name; the list as it came last (``stated``); and the listed names without those whose row was deleted.

    ``differing`` has the names in which list and table differed at the last change.
    """

    rows: dict[str, CapabilityRowState] = field(default_factory=dict)
    stated: tuple[str, ...] | None = None
    listed: dict[str, int | None] = field(default_factory=dict)
    differing: set[str] = field(default_factory=set)

    def set_listed(self, names: tuple[str, ...] | None, at: int | None) -> CapabilityDifference | None:
        """Set the list of a model's row, written ``at`` epoch milliseconds; return how it differs from the table.

        An unchanged list is ignored. A model without rows in the table is not compared.
        """
        if names == self.stated:
            return None
        self.stated = names
        self.listed = {name: self.listed.get(name, at) for name in names or ()}
        difference = self._difference()
        self.differing = _names(difference)
        return difference

    def put(self, name: str, row: CapabilityRowState) -> bool:
        """Set a row, or delete it from rows and list; tell whether this changes anything."""
        before = self._visible(name)
        self.rows[name] = row
        if not row.exists:
            self.listed.pop(name, None)
        return self._visible(name) != before

    def new_difference(self) -> CapabilityDifference | None:
        """Return how the list differs from the table after a row has changed, if it differs in more names than before.

        Rows that come one by one after their list would otherwise be a difference each.
        """
        difference = self._difference()
        before, self.differing = self.differing, _names(difference)
        return difference if self.differing - before else None

    def _difference(self) -> CapabilityDifference | None:
        table, listed = {name for name, row in self.rows.items() if row.exists}, self.listed.keys()
        if self.stated is None or not table or table == listed:
            return None
        return CapabilityDifference(tuple(sorted(listed - table)), tuple(sorted(table - listed)))

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
        return [rows, self.stated, self.listed, sorted(self.differing)]

    @classmethod
    def load(cls, dumped: Iterable[Any]) -> "Capabilities":
        """Return the capabilities of dumped values."""
        rows, stated, listed, *differing = dumped
        return cls(_load_rows(rows), None if stated is None else tuple(stated), listed, set(*differing))


def _names(difference: CapabilityDifference | None) -> set[str]:
    return set(difference.only_listed + difference.only_in_table) if difference else set()


def _load_rows(rows: Mapping[str, list[Any]]) -> dict[str, CapabilityRowState]:
    return {
        name: CapabilityRowState(Position(lsn, ts_ms), added_at, exists)
        for name, (lsn, ts_ms, added_at, exists) in rows.items()
    }
