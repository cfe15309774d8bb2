"""A worker's data in Neo4j, in the naive model's shape, and its hash."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import neo4j
from neo4j.time import DateTime

from tests.model.naive_model import SAID, Graph, Node, same_money

KEPT_FOR_THE_WORKER = "folded"
"""The property with a span's state: bookkeeping of the telemetry worker."""
KEYS = {"Invocation": "key", "Model": "model_id", "Error": "id", "PerformanceMetric": "id"}
MINE = """
MATCH (n:Invocation|Error|PerformanceMetric|Model)
WHERE n.trace_id STARTS WITH $name OR n.id STARTS WITH $name OR n.model_id ENDS WITH $name
"""


@dataclass
class FoundGraph(Graph):
    """The graph that was found. ``doubled`` holds duplicate relationships."""

    doubled: list[tuple[Node, str, Node]] = field(default_factory=list)

    def relate(self, one: Node, kind: str, other: Node, **properties: Any) -> None:
        before = len(self.relationships)
        super().relate(one, kind, other, **properties)
        if len(self.relationships) == before:
            self.doubled.append((one, kind, other))


def ledger_graph(pages: Iterable[Mapping[str, Any]]) -> FoundGraph:
    """Return the pages of the ledger as nodes."""
    graph = FoundGraph()
    for page in pages:
        graph.node("LedgerPage", page["key"], numbers=page["numbers"], times=page["times"])
    return graph


def found_graph(driver: neo4j.Driver, database: str, name: str) -> FoundGraph:
    """Read every node and relationship whose ids contain ``name``."""
    graph = FoundGraph()
    for row in driver.execute_query(MINE + "RETURN n", name=name, database_=database).records:
        node = row["n"]
        told = {key: _plain(key, value) for key, value in node.items() if key != KEPT_FOR_THE_WORKER}
        graph.node(*_of(node), **told)
    related = driver.execute_query(MINE + "MATCH (n)-[r]->(other) RETURN n, r, other", name=name, database_=database)
    for row in related.records:
        relationship = row["r"]
        properties = {key: _plain(key, value) for key, value in relationship.items()}
        graph.relate(_of(row["n"]), relationship.type, _of(row["other"]), **properties)
    return graph


def canonical_hash(graph: Graph, name: str) -> str:
    """Return a hash of the sorted graph, without the run's name."""
    nodes = [repr((node, sorted(properties.items()))) for node, properties in graph.nodes.items()]
    lines = sorted(nodes + [repr(relationship) for relationship in graph.relationships])
    return hashlib.sha256("\n".join(lines).replace(name, "NAME").encode()).hexdigest()[:16]


def _of(node: Mapping[str, Any]) -> Node:
    (label,) = node.labels  # type: ignore[attr-defined]  # a neo4j Node is a mapping with labels
    return label, node[KEYS[label]]


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, DateTime):
        return round(value.to_native().timestamp() * 1000)
    if key == "cost_note":
        return SAID
    return same_money(value) if key == "cost_usd_exact" else value
