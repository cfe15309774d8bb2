"""What a worker knows by heart of the graph, to look up without asking: read at the start, then kept up to date."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Query(NamedTuple):
    """Cypher that reads, with its parameters."""

    cypher: str
    parameters: Mapping[str, Any]


class Reference(Protocol):
    """Says what to ask the graph next, and learns from the answers. Pure: the runtime does the asking."""

    def question(self) -> Query:
        """Return what to ask next; the same again until it has been answered."""
        ...

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Learn from all rows of the answer; return whether there is another question now, or none for a while."""
        ...
