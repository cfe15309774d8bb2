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
    """A statement without its rows. ``row`` names the columns.

    ``shared``: it locks nodes that other partitions' batches lock, too. Sorted rows prevent deadlocks.
    """

    name: str
    row: Any
    cypher: str
    shared: bool

    def on(self, rows: Iterable[tuple[Any, ...]]) -> Statement:
        """Return the statement on these rows, as lists: the driver packs no named tuples, and tuples slowly."""
        return Statement(self.name, self.cypher, list(map(list, sorted(rows) if self.shared else rows)))


def template(name: str, row: Any, cypher: str, *, shared: bool = False) -> Template:
    """Replace column names by positions. Raises ``ValueError`` for a column that the row type does not have."""
    columns: tuple[str, ...] = row._fields
    placed = re.sub(r"\brow\.(\w+)", lambda column: f"row[{columns.index(column[1])}]", cypher.strip())
    return Template(name, row, f"UNWIND $rows AS row\n{placed}", shared)
