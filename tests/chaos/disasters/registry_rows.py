"""Rows of the registry before, during and after a failover of its database, and the graph that they give.

The old primary alone had ``LOST``, and Debezium has delivered it. ``MISSED`` comes before there is a slot again.
"""

import json
from typing import Any

import psycopg

from tests.model.naive_model import Graph
from tests.model.naive_registry import naive_registry
from tests.model.registry_source import KEYS, change

OF_ITS_PAST = ("history", "alias_history", "deletions", "metadata", "price_id", "effective_from")
# In all statements, @ is the start of the test's names.
FIRST = """
INSERT INTO models (model_id, provider, cost_per_1k_tokens, effective_from, metadata)
SELECT '@' || name, 'first', '{"input": 1, "output": 2}', '2026-06-01T00:00:00Z', '{"vector_clock": {"a": 1}}'
FROM unnest('{kept,clock,lost-update,lost-delete,missed-update,missed-delete}'::text[]) AS name;
INSERT INTO model_versions (model_id, version, changelog)
SELECT '@kept', version, 'First.' FROM unnest('{v1,lost-delete,missed-delete}'::text[]) AS version;
INSERT INTO capabilities (model_id, capability)
SELECT '@kept', '@' || name FROM unnest('{chat,lost-delete,missed-delete}'::text[]) AS name;
INSERT INTO schemas (schema_id, version, json_schema, compatible_models)
SELECT '@schema', version, '{"type": "object"}', '{@kept}'
FROM unnest('{1,lost-delete,missed-delete}'::text[]) AS version
"""
IN_EACH_TABLE = """
INSERT INTO models (model_id, provider) VALUES ('@WHEN-insert', 'WHEN');
UPDATE models SET provider = 'WHEN', cost_per_1k_tokens = '{"input": 3, "output": 4}' WHERE model_id = '@WHEN-update';
DELETE FROM models WHERE model_id = '@WHEN-delete';
INSERT INTO model_versions (model_id, version, changelog) VALUES ('@kept', 'WHEN-insert', 'WHEN');
DELETE FROM model_versions WHERE model_id = '@kept' AND version = 'WHEN-delete';
INSERT INTO capabilities (model_id, capability) VALUES ('@kept', '@WHEN-insert');
DELETE FROM capabilities WHERE model_id = '@kept' AND capability = '@WHEN-delete';
INSERT INTO schemas (schema_id, version, json_schema, compatible_models)
VALUES ('@schema', 'WHEN-insert', '{"type": "string"}', '{@kept}');
DELETE FROM schemas WHERE schema_id = '@schema' AND version = 'WHEN-delete'
"""
# The segment's end first: the new primary's positions are then lower than those that Debezium has delivered.
LOST = (
    "SELECT pg_switch_wal();"
    + IN_EACH_TABLE.replace("WHEN", "lost")
    + """;
UPDATE models SET provider = 'lost', metadata = '{"vector_clock": {"a": 2}}' WHERE model_id = '@clock';
INSERT INTO schemas (schema_id, version, json_schema, compatible_models) VALUES ('@lost-schema', '1', '{}', '{@kept}')
"""
)
MISSED = (
    IN_EACH_TABLE.replace("WHEN", "missed")
    + """;
UPDATE models SET cost_per_1k_tokens = '{"input": 5, "output": 6}', effective_from = '2026-07-01T00:00:00Z'
WHERE model_id = '@kept'
"""
)
AFTER = """
UPDATE models SET provider = 'after' WHERE model_id = '@kept';
INSERT INTO models (model_id, provider) VALUES ('@after', 'after');
DELETE FROM model_versions WHERE model_id = '@kept' AND version = 'v1'
"""


def write(url: str, name: str, statements: str) -> int:
    """Run statements, each in a transaction; return how many rows they have changed."""
    with psycopg.connect(url, autocommit=True) as database:
        ran = [database.execute(each.replace("@", f"{name}-").encode()) for each in statements.split(";")]
    return sum(each.rowcount for each in ran if not (each.statusmessage or "").startswith("SELECT"))


def rows_as_graph(url: str, name: str) -> Graph:
    """Return the graph that the rows of the database give."""
    found = []
    with psycopg.connect(url) as database:
        for table, (subject, *_) in KEYS.items():
            asked = f"SELECT row_to_json(t) FROM {table} t WHERE starts_with({subject}, %s)"  # noqa: S608 - known tables
            for (row,) in database.execute(asked.encode(), (name,)):
                found.append({"table": table, **row})
    return present(
        naive_registry(
            change(row["table"], "r", {column: _sent(value) for column, value in row.items()}, lsn)
            for lsn, row in enumerate(found, start=1)
        )
    )


def _sent(value: Any) -> Any:
    """Return a value as Debezium sends it: jsonb is text."""
    return json.dumps(value) if isinstance(value, dict) else value


def present(graph: Graph) -> Graph:
    """Return what a graph says of rows that are there, without what it keeps of earlier and deleted ones."""
    shown = Graph()
    for (label, key), properties in graph.nodes.items():
        is_earlier = label == "Price" and "effective_to" in properties
        if not (is_earlier or "deleted_at" in properties or properties.get("stub") or label == "Capability"):
            of_now = {each: value for each, value in properties.items() if each not in OF_ITS_PAST}
            shown.nodes[label, properties["model_id"] if label == "Price" else key] = of_now
    # Prices of a deleted model stay open, and a schema is not marked as deleted: both are what they belong to.
    models = {key for label, key in shown.nodes if label == "Model"}
    schemas = {each["schema_id"] for (label, _), each in shown.nodes.items() if label == "SchemaVersion"}
    for label, known in (("Price", models), ("Schema", schemas)):
        for node in [each for each in shown.nodes if each[0] == label and each[1] not in known]:
            del shown.nodes[node]
    kinds = ("HAS_CAPABILITY", "COMPATIBLE_WITH")
    shown.relationships = {each for each in graph.relationships if each[1] in kinds and each[0] in shown.nodes}
    return shown
