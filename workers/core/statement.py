"""Cypher statements with their rows, and their templates. Pipelines plan them, the graph adapter runs them.

There is a template for each label and relationship type that a worker writes. Its rows are typed NamedTuples. They are
sent as plain lists, which cost half as much as maps: ``row.key`` in its Cypher becomes the position of ``key``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """One Cypher statement that starts with ``UNWIND $rows AS row``, and the rows to run it on.

    Every statement must be idempotent by itself (natural keys), because records do come back at new offsets.
    Rows hold plain values only; points in time are epoch milliseconds that Cypher turns into ``datetime``.
    ``name`` labels metrics and errors. ``shared``: it locks nodes that other partitions' batches lock, too; its rows
    are sorted, which prevents deadlocks.
    """

    name: str
    cypher: str
    rows: Sequence[Mapping[str, Any] | Sequence[Any]]
    shared: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A statement without its rows, and the names of their columns; ``shared`` as in ``Statement``."""

    name: str
    columns: tuple[str, ...]
    cypher: str
    shared: bool

    def on(self, rows: Iterable[Sequence[Any]]) -> Statement:
        """Return the statement on these rows, as lists: the driver packs no named tuples, and tuples slowly."""
        lists = [row if type(row) is list else list(row) for row in rows]
        if self.shared:
            lists.sort()
        return Statement(self.name, self.cypher, lists, self.shared)


def template(name: str, row: Any, cypher: str, *, shared: bool = False) -> Template:
    """Return a template with column names replaced by positions.

    ``row`` is the NamedTuple of the rows, or a tuple of several, whose columns follow each other. Raises ``ValueError``
    for a column that the row does not have.
    """
    parts = row if isinstance(row, tuple) else (row,)
    columns: tuple[str, ...] = tuple(column for part in parts for column in part._fields)
    positioned = re.sub(r"\brow\.(\w+)", lambda column: f"row[{columns.index(column[1])}]", cypher.strip())
    return Template(name, columns, f"UNWIND $rows AS row\n{positioned}", shared)
