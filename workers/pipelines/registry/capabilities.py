"""What a model can do: by the rows of the capabilities table, and by the list in its metadata."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workers.pipelines.registry.model import Position


class Row(NamedTuple):
    """What is known of a row; ``there`` is false for a deleted one. ``added_at`` in epoch milliseconds."""

    position: Position
    added_at: int | None
    there: bool


class Divergence(NamedTuple):
    """Capabilities that only one of the two names."""

    only_listed: tuple[str, ...]
    only_in_table: tuple[str, ...]


@dataclass(slots=True)
class Capabilities:
    """Rows by name; the list as last stated; and of that list what no row's deletion has taken away since."""

    rows: dict[str, Row] = field(default_factory=dict)
    stated: tuple[str, ...] | None = None
    listed: dict[str, int | None] = field(default_factory=dict)

    def state(self, names: tuple[str, ...] | None, at: int | None) -> Divergence | None:
        """Take the list of a model's row, written ``at`` epoch milliseconds; tell where it differs from the table.

        A list that is the same as before states nothing, and a model of which the table has no row is not compared.
        """
        if names == self.stated:
            return None
        self.stated = names
        self.listed = {name: self.listed.get(name, at) for name in names or ()}
        table = {name for name, row in self.rows.items() if row.there}
        if names is None or not table or table == set(names):
            return None
        return Divergence(tuple(sorted(set(names) - table)), tuple(sorted(table - set(names))))

    def put(self, name: str, row: Row) -> bool:
        """Take a row, or its deletion, which is a removal from both; tell whether that changes anything."""
        before = self._shown(name)
        self.rows[name] = row
        if not row.there:
            self.listed.pop(name, None)
        return self._shown(name) != before

    def in_force(self, *, table_wins: bool) -> dict[str, int | None]:
        """Return what the model can do, with the time since when."""
        table = {name: row.added_at for name, row in self.rows.items() if row.there}
        return table if table_wins and table else self.listed | table

    def _shown(self, name: str) -> tuple[bool, bool, int | None]:
        row = self.rows.get(name)
        return name in self.listed, row is not None and row.there, row.added_at if row and row.there else None

    def dump(self) -> list[Any]:
        """Return plain values, for JSON."""
        rows = {name: [*row.position, row.added_at, row.there] for name, row in self.rows.items()}
        return [rows, self.stated, self.listed]

    @classmethod
    def load(cls, dumped: Iterable[Any]) -> "Capabilities":
        """The inverse of ``dump``."""
        rows, stated, listed = dumped
        return cls(_loaded(rows), None if stated is None else tuple(stated), listed)


def _loaded(rows: Mapping[str, list[Any]]) -> dict[str, Row]:
    return {name: Row(Position(lsn, ts_ms), added_at, there) for name, (lsn, ts_ms, added_at, there) in rows.items()}
