"""Statement templates: one for each label and relationship type that a worker writes.

Rows are typed NamedTuples. They are sent as plain lists, which cost half as much as maps: ``row.key`` in a template's
Cypher becomes the position of ``key`` in the row.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workers.core.statement import Statement


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A statement without its rows, and the names of their columns.

    ``shared``: it locks nodes that other partitions' batches lock, too. Sorted rows prevent deadlocks.
    """

    name: str
    columns: tuple[str, ...]
    cypher: str
    shared: bool

    def on(self, rows: Iterable[tuple[Any, ...]]) -> Statement:
        """Return the statement on these rows, as lists: the driver packs no named tuples, and tuples slowly."""
        return Statement(self.name, self.cypher, list(map(list, sorted(rows) if self.shared else rows)))


def template(name: str, row: Any, cypher: str, *, shared: bool = False) -> Template:
    """Return a template with column names replaced by positions.

    ``row`` is the NamedTuple of the rows, or a tuple of several, whose columns follow each other. Raises ``ValueError``
    for a column that the row does not have.
    """
    parts = row if isinstance(row, tuple) else (row,)
    columns: tuple[str, ...] = tuple(column for part in parts for column in part._fields)
    positioned = re.sub(r"\brow\.(\w+)", lambda column: f"row[{columns.index(column[1])}]", cypher.strip())
    return Template(name, columns, f"UNWIND $rows AS row\n{positioned}", shared)
