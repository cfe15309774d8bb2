"""Nodes and relationships: those that must be there, and those that are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.ops.graph_check.finding import Node

Edge = tuple[Node, str, Node]
"""A node, the type of the relationship, and the node that it leads to."""
Written = Mapping[str, frozenset[str]]
"""The properties that a worker writes, by label. Others are nobody's difference."""


@dataclass(slots=True)
class Expected:
    """Nodes with their properties, without nulls, and relationships with theirs; times in epoch milliseconds.

    ``trace_id``  empty where there is none
    ``bare``     nodes that must be there, whatever their properties are: others write these
    ``allowed``  relationships that may be there: an error's cause in another trace is linked only if it came first
    ``offsets``  of the first record of each node
    """

    written: Written
    trace_id: str = ""
    nodes: dict[Node, dict[str, Any]] = field(default_factory=dict)
    edges: dict[Edge, dict[str, Any]] = field(default_factory=dict)
    bare: set[Node] = field(default_factory=set)
    allowed: set[Edge] = field(default_factory=set)
    offsets: dict[Node, int] = field(default_factory=dict)

    def node(self, node: Node, properties: Mapping[str, Any]) -> Node:
        """Add a node."""
        self.nodes[node] = {name: value for name, value in properties.items() if value is not None}
        return node

    def ids(self, label: str) -> list[str]:
        """Return the keys of the nodes with a label."""
        return [key for of, key in self.nodes if of == label]


@dataclass(slots=True)
class Found:
    """Nodes with their properties, and relationships with those of each that is there.

    ``folded``  the stored state of a node, where the worker keeps one beside its properties
    ``others``  nodes that belong to another trace, which has used the same id
    """

    nodes: dict[Node, dict[str, Any]] = field(default_factory=dict)
    edges: dict[Edge, list[dict[str, Any]]] = field(default_factory=dict)
    folded: dict[Node, Any] = field(default_factory=dict)
    others: set[Node] = field(default_factory=set)

    def relate(self, edge: Edge, properties: Mapping[str, Any]) -> None:
        """Add a relationship."""
        self.edges.setdefault(edge, []).append(dict(properties))

    def linked(self, label: str) -> set[str]:
        """Return the keys of the nodes with a label that relationships lead to."""
        return {other[1] for _, _, other in self.edges if other[0] == label}
