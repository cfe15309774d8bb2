"""What verification finds."""

from enum import StrEnum
from typing import Any, NamedTuple

Node = tuple[str, str]
"""Label and key."""


class Kind(StrEnum):
    """How the graph differs from the topics."""

    WATERMARK = "watermark"
    MISSING_NODE = "missing node"
    UNEXPLAINED_NODE = "unexplained node"
    PROPERTY = "property"
    MISSING_RELATIONSHIP = "missing relationship"
    UNEXPLAINED_RELATIONSHIP = "unexplained relationship"
    COST = "cost"
    DANGLING = "dangling"
    AUDIT_CHAIN = "audit chain"


class Place(NamedTuple):
    """Where the records are that explain a node. ``offset`` is that of the first one, if the topic has it."""

    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    trace_id: str | None = None


class Finding(NamedTuple):
    """One difference.

    ``subject``   the node or the partition, such as ``Invocation t1/s1``
    ``name``      the property or the type of the relationship, where it is about one
    ``expected``, ``found``  what the topics and the graph say; ``None`` for nothing
    ``fix``       one sentence
    """

    kind: Kind
    subject: str
    name: str | None
    expected: Any
    found: Any
    fix: str
    place: Place = Place()


NO_RECORD_MADE_IT = "no record of the topic made it: find out who wrote it, then delete it"
RESTORE = "restore a backup from before the change (`memory-graph graph restore`)"
FIXES = {
    Kind.MISSING_NODE: f"look for its record with `memory-graph dlq list`; if it is no dead letter, {RESTORE}",
    Kind.UNEXPLAINED_NODE: NO_RECORD_MADE_IT,
    Kind.PROPERTY: f"set it to what is expected, or {RESTORE}",
    Kind.MISSING_RELATIONSHIP: f"create it, or {RESTORE}",
    Kind.UNEXPLAINED_RELATIONSHIP: NO_RECORD_MADE_IT,
    Kind.COST: "`memory-graph graph reprice` shows it, and --execute writes the price in force",
}
"""What to do about a difference in content."""


def shown(node: Node) -> str:
    """Return a node as text."""
    return f"{node[0]} {node[1]}"
