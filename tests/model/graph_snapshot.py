"""The real graph's contents for some traces, in the shape of ``tests.model.naive_model``."""

from collections.abc import Mapping, Sequence
from typing import Any

import neo4j
from neo4j.time import DateTime

from tests.model.naive_model import SAID, Graph, Node, same_money

STATE = "folded"
"""The Invocation property with its span's state: bookkeeping of the telemetry worker."""
KEYS = {
    "Invocation": "key",
    "Model": "model_id",
    "Error": "id",
    "PerformanceMetric": "id",
    "ModelVersion": "version_id",
}

NODES = """
MATCH (n:Invocation) WHERE n.trace_id IN $traces RETURN labels(n)[0] AS label, properties(n) AS properties
UNION
MATCH (i:Invocation)-[:HAS_METRIC|CAUSED_ERROR]->(n) WHERE i.trace_id IN $traces
RETURN labels(n)[0] AS label, properties(n) AS properties
UNION
MATCH (n:Model) WHERE n.model_id IN $models RETURN labels(n)[0] AS label, properties(n) AS properties
UNION
MATCH (m:Model)-[:HAS_METRIC]->(n) WHERE m.model_id IN $models RETURN labels(n)[0] AS label, properties(n) AS properties
"""
RELATIONSHIPS = """
CALL () {
  MATCH (i:Invocation)-[r]->(n) WHERE i.trace_id IN $traces RETURN i AS one, r, n AS other
  UNION ALL
  MATCH (i:Invocation)-[:CAUSED_ERROR]->(e)-[r]->(n) WHERE i.trace_id IN $traces RETURN e AS one, r, n AS other
  UNION ALL
  MATCH (m:Model)-[r:HAS_METRIC]->(n) WHERE m.model_id IN $models RETURN m AS one, r, n AS other
}
RETURN labels(one)[0] AS label, properties(one) AS one, type(r) AS type, properties(r) AS properties,
  labels(other)[0] AS other_label, properties(other) AS other
"""


async def graph_snapshot(
    driver: neo4j.AsyncDriver, database: str, traces: Sequence[str], models: Sequence[str]
) -> Graph:
    """Read the Invocations of ``traces``, the Models, and their metrics and errors.

    Raises ``AssertionError`` for a duplicate relationship, which a set would hide.
    """
    graph = Graph()
    ids = {"traces": list(traces), "models": list(models)}
    nodes = await driver.execute_query(NODES, ids, database_=database)
    for record in nodes.records:
        graph.node(*_node(record["label"], record["properties"]), **_plain(record["properties"]))
    relationships = await driver.execute_query(RELATIONSHIPS, ids, database_=database)
    for record in relationships.records:
        one, other = _node(record["label"], record["one"]), _node(record["other_label"], record["other"])
        before = len(graph.relationships)
        graph.relate(one, record["type"], other, **record["properties"])
        assert len(graph.relationships) == before + 1, f"{one} {record['type']} {other} is there twice"
    return graph


def _node(label: str, properties: Mapping[str, Any]) -> Node:
    return label, properties[KEYS[label]]


def _plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {
        name: _millis(value) if isinstance(value, DateTime) else value
        for name, value in properties.items()
        if name != STATE
    }
    if "cost_usd_exact" in plain:
        plain["cost_usd_exact"] = same_money(plain["cost_usd_exact"])
    if "cost_note" in plain:
        plain["cost_note"] = SAID
    return plain


def _millis(at: DateTime) -> int:
    return round(at.to_native().timestamp() * 1000)
