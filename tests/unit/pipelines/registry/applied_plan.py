"""A graph in memory, to which a plan's rows are applied as its Cypher would, in the shape of the naive model."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from tests.model.naive_model import Graph, Node
from workers.core.statement import Statement
from workers.pipelines.registry.write.plan import ORDER

COLUMNS = {template.name: template.columns for template in ORDER}
SYSTEM = {"source_system": "llm-registry"}
TEXTS = {"metadata": "metadata_sent", "changelog": "changelog_sent", "json_schema": "json_schema_sent"}
PER_1K = ("input", "output", "cached_input", "reasoning")
Row = dict[str, Any]


class AppliedGraph(Graph):
    """Nodes and relationships after any number of plans."""

    def apply(self, plan: Iterable[Statement]) -> None:
        for statement in plan:
            for row in statement.rows:
                APPLY[statement.name](self, dict(zip(COLUMNS[statement.name], row, strict=True)))

    def put(self, label: str, key: str, **properties: Any) -> Node:
        """Set properties, and remove those that are null."""
        return self.node(label, key, **{**self.nodes.get((label, key), {}), **properties})

    def text(self, label: str, key: str, row: Row) -> None:
        """Take the row's text where it was sent, otherwise keep the node's."""
        for text, sent in TEXTS.items():
            if sent in row and not row.pop(sent):
                row[text] = self.nodes.get((label, key), {}).get(text)
        if "history" in row:
            row["history"] = [json.loads(each) for each in row["history"]]

    def cut(self, lost: Callable[[Node, str, Node], bool]) -> None:
        self.relationships = {each for each in self.relationships if not lost(*each[:3])}

    def join(self, one: Node, kind: str, other: Node, **properties: Any) -> None:
        assert one in self.nodes, one
        assert other in self.nodes, other
        self.cut(lambda *ends: ends == (one, kind, other))
        self.relate(one, kind, other, **properties)


def _named(graph: AppliedGraph, row: Row) -> None:
    if ("Model", row["model_id"]) not in graph.nodes:
        graph.node("Model", row["model_id"], model_id=row["model_id"], stub=True)


def _model(graph: AppliedGraph, row: Row) -> None:
    graph.text("Model", row["model_id"], row)
    prices = {f"{kind}_per_1k": row.pop(kind) for kind in PER_1K}
    graph.put("Model", row["model_id"], stub=False, **row, **prices, **SYSTEM)


def _capabilities_kept(graph: AppliedGraph, row: Row) -> None:
    model = ("Model", row["model_id"])
    graph.cut(lambda one, kind, other: (one, kind) == (model, "HAS_CAPABILITY") and other[1] not in row["names"])


def _capability(graph: AppliedGraph, row: Row) -> None:
    model, capability = ("Model", row["model_id"]), ("Capability", row["name"])
    graph.join(model, "HAS_CAPABILITY", capability, added_at=row["added_at"])


def _version_named(graph: AppliedGraph, row: Row) -> None:
    if ("ModelVersion", row["version_id"]) not in graph.nodes:
        graph.node("ModelVersion", row["version_id"], **row, **SYSTEM)
    graph.join(("Model", row["model_id"]), "HAS_VERSION", ("ModelVersion", row["version_id"]))


def _version(graph: AppliedGraph, row: Row) -> None:
    graph.text("ModelVersion", row["version_id"], row)
    node = graph.put("ModelVersion", row["version_id"], **row, **SYSTEM)
    graph.join(("Model", row["model_id"]), "HAS_VERSION", node)


def _version_lost(graph: AppliedGraph, row: Row) -> None:
    graph.cut(lambda _, kind, other: (kind, other) == ("HAS_VERSION", ("ModelVersion", row["version_id"])))


def _price(graph: AppliedGraph, row: Row) -> None:
    graph.join(("Model", row["model_id"]), "HAS_PRICE", graph.put("Price", row["price_id"], **row))


def _schema_version(graph: AppliedGraph, row: Row) -> None:
    graph.text("SchemaVersion", row["version_id"], row)
    node = graph.put("SchemaVersion", row["version_id"], **row, **SYSTEM)
    graph.join(("Schema", row["schema_id"]), "HAS_VERSION", node)


def _compatible_kept(graph: AppliedGraph, row: Row) -> None:
    version = ("SchemaVersion", row["version_id"])
    graph.cut(lambda one, kind, other: (one, kind) == (version, "COMPATIBLE_WITH") and other[1] not in row["model_ids"])


def _compatible(graph: AppliedGraph, row: Row) -> None:
    graph.join(("SchemaVersion", row["version_id"]), "COMPATIBLE_WITH", ("Model", row["model_id"]))


APPLY: dict[str, Callable[[AppliedGraph, Row], object]] = {
    "Model named": _named,
    "Model of the registry": _model,
    "Model touched": lambda graph, row: graph.put("Model", row["model_id"], **SYSTEM),
    "Capability": lambda graph, row: graph.put("Capability", row["name"], **row),
    "HAS_CAPABILITY lost": _capabilities_kept,
    "HAS_CAPABILITY": _capability,
    "ModelVersion named": _version_named,
    "ModelVersion": _version,
    "HAS_VERSION lost": _version_lost,
    "Price": _price,
    "Schema": lambda graph, row: graph.put("Schema", row["schema_id"], **row, **SYSTEM),
    "SchemaVersion": _schema_version,
    "COMPATIBLE_WITH lost": _compatible_kept,
    "COMPATIBLE_WITH": _compatible,
}
