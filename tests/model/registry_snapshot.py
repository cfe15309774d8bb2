"""The real graph's contents for some models and schemas, in the shape of ``tests.model.naive_registry``."""

import json
from collections.abc import Mapping
from typing import Any

import neo4j
from neo4j.time import Date, DateTime

from tests.model.naive_model import Graph, Node

KEYS = {
    "Model": "model_id",
    "ModelVersion": "version_id",
    "Price": "price_id",
    "Capability": "name",
    "Schema": "schema_id",
    "SchemaVersion": "version_id",
}
WALL_CLOCK = ("sync_timestamp", "names_compared_at")

NODES = """
MATCH (n:Model|ModelVersion|Price|Capability|Schema|SchemaVersion)
WHERE coalesce(n.model_id, n.schema_id, n.name) STARTS WITH $name
RETURN labels(n)[0] AS label, properties(n) AS properties
"""
RELATIONSHIPS = """
MATCH (one:Model|Schema|SchemaVersion)-[r:HAS_VERSION|HAS_PRICE|HAS_CAPABILITY|COMPATIBLE_WITH]->(other)
WHERE coalesce(one.model_id, one.schema_id) STARTS WITH $name
RETURN labels(one)[0] AS label, properties(one) AS one, type(r) AS type, properties(r) AS properties,
  labels(other)[0] AS other_label, properties(other) AS other
"""


async def registry_snapshot(driver: neo4j.AsyncDriver, database: str, name: str) -> Graph:
    """Read all nodes of the registry whose ids start with ``name``. Raises ``AssertionError`` for duplicates."""
    graph = Graph()
    nodes = await driver.execute_query(NODES, name=name, database_=database)
    for record in nodes.records:
        graph.node(*_node(record["label"], record["properties"]), **_plain(record["properties"]))
    relationships = await driver.execute_query(RELATIONSHIPS, name=name, database_=database)
    for record in relationships.records:
        one, other = _node(record["label"], record["one"]), _node(record["other_label"], record["other"])
        before = len(graph.relationships)
        graph.relate(one, record["type"], other, **_related(record["type"], record["properties"]))
        assert len(graph.relationships) == before + 1, f"{one} {record['type']} {other} is there twice"
    return graph


def _node(label: str, properties: Mapping[str, Any]) -> Node:
    return label, properties[KEYS[label]]


def _related(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"added_at": None, **_plain(properties)} if kind == "HAS_CAPABILITY" else _plain(properties)


def _plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in properties.items():
        if isinstance(value, DateTime):
            plain[name] = round(value.to_native().timestamp() * 1000)
        elif isinstance(value, Date):
            plain[name] = value.iso_format()
        else:
            plain[name] = [json.loads(each) for each in value] if name == "history" else value
    return {name: value for name, value in plain.items() if name not in WALL_CLOCK}
