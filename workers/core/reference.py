"""Reference data: a read-only copy of part of the graph, kept in memory and kept up to date."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Query(NamedTuple):
    """Cypher with its parameters."""

    cypher: str
    parameters: Mapping[str, Any]


class Reference(Protocol):
    """Says what to read next and learns from the rows. Pure: the engine runs the queries."""

    def query(self) -> Query:
        """Return what to read next; the same again until ``learn`` has got its rows."""
        ...

    def learn(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Take in all rows of the query; return whether there is another query to run now."""
        ...
