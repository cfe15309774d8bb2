"""A graph in memory, to which a plan's rows are applied as its Cypher would, in the shape of the naive model."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.model.naive_model import SAID, Graph, Node
from workers.core.statement import Statement
from workers.pipelines.telemetry.write.plan import ORDER
from workers.pipelines.telemetry.write.statements import STORED_SPANS

LISTED = list(dict.fromkeys(re.findall(r"i\.(\w+)", STORED_SPANS.partition("coalesce(i.folded, ")[2])))
"""The properties that the worker reads of an Invocation without ``folded``, in the order of its Cypher."""
COLUMNS = {template.name: template.columns for template in ORDER}


@dataclass
class AppliedGraph(Graph):
    """Nodes and relationships after any number of plans.

    ``folded`` has the stored spans by trace and Invocation, ``names`` the names of models by id.
    """

    folded: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, dict[str, Any]] = field(default_factory=dict)

    def apply(self, plan: Iterable[Statement]) -> None:
        for statement in plan:
            for row in statement.rows:
                APPLY[statement.name](self, dict(zip(COLUMNS[statement.name], row, strict=True)))

    def merge(self, label: str, key: str, on_create: dict[str, Any]) -> Node:
        if (label, key) not in self.nodes:
            self.node(label, key, **on_create)
        return label, key

    def drop(self, one: Node, kind: str, other: Node | None = None) -> None:
        gone = {r for r in self.relationships if r[:2] == (one, kind) and other in (None, r[2])}
        self.relationships -= gone

    def has(self, one: Node | None, kind: str, other: Node | None) -> bool:
        return any(one in (None, r[0]) and kind == r[1] and other in (None, r[2]) for r in self.relationships)

    def relate_known(self, one: Node, kind: str, other: Node, **properties: Any) -> None:
        if one in self.nodes and other in self.nodes:
            self.relate(one, kind, other, **properties)


def _invocation(row: dict[str, Any]) -> Node:
    return "Invocation", row["key"]


def _model(graph: AppliedGraph, row: dict[str, Any]) -> None:
    graph.merge("Model", row["model_id"], {"stub": True, **row})


def _span(graph: AppliedGraph, row: dict[str, Any]) -> None:
    created = {name: row[name] for name in ("id", "trace_id", "span_id")}
    listed = [row[name] for name in LISTED]
    used_model = row.pop("used_model")
    graph.folded.setdefault(row["trace_id"], {})[row["key"]] = row.pop("folded") or listed
    node = graph.merge("Invocation", row["key"], {"key": row["key"], "status": "STARTED", **created})
    old = graph.nodes[node]
    changed = {name: value for name, value in row.items() if name not in created}
    changed["status"] = row["status"] or old["status"]
    if row["cost_usd_exact"] is not None:
        changed["cost_usd_exact"] = Decimal(row["cost_usd_exact"]).normalize()
    if row["cost_note"] is not None:
        changed["cost_note"] = SAID
    graph.node(*node, **{**old, **changed})
    if not graph.has(node, "USES_MODEL", None):
        graph.relate_known(node, "USES_MODEL", ("Model", used_model))


def _name(graph: AppliedGraph, row: dict[str, Any]) -> None:
    known = graph.names.setdefault(row["id"], dict(row))
    if known["meaning"] != row["meaning"]:
        known["model_ids"] = sorted({*known["model_ids"], *row["model_ids"]})


def _model_changed(graph: AppliedGraph, row: dict[str, Any]) -> None:
    used = {r[2] for r in graph.relationships if r[:2] == (_invocation(row), "USES_MODEL")}
    for model in used - {("Model", row["used_model"])}:
        graph.drop(_invocation(row), "USES_MODEL", model)


def _version_changed(graph: AppliedGraph, row: dict[str, Any]) -> None:
    used = {r[2] for r in graph.relationships if r[:2] == (_invocation(row), "USES_VERSION")}
    for version in used - {("ModelVersion", row["version_id"])}:
        graph.drop(_invocation(row), "USES_VERSION", version)


def _uses_version(graph: AppliedGraph, row: dict[str, Any]) -> None:
    if not graph.has(_invocation(row), "USES_VERSION", None):
        graph.relate_known(_invocation(row), "USES_VERSION", ("ModelVersion", row["version_id"]))


def _latency(graph: AppliedGraph, row: dict[str, Any]) -> None:
    owner = ("Invocation", row.pop("key"))
    _owned(graph, owner, "HAS_METRIC", graph.merge("PerformanceMetric", row["id"], row))


def _aggregate(graph: AppliedGraph, row: dict[str, Any]) -> None:
    owner = ("Model", row.pop("used_model"))
    _owned(graph, owner, "HAS_METRIC", graph.merge("PerformanceMetric", row["id"], row))


def _error(graph: AppliedGraph, row: dict[str, Any]) -> None:
    owner = ("Invocation", row.pop("key"))
    _owned(graph, owner, "CAUSED_ERROR", graph.merge("Error", row["id"], row))


def _owned(graph: AppliedGraph, owner: Node, kind: str, node: Node) -> None:
    if not graph.has(None, kind, node):
        graph.relate_known(owner, kind, node)


def _cause(graph: AppliedGraph, row: dict[str, Any]) -> None:
    graph.relate_known(("Error", row["id"]), "TRIGGERED_BY", ("Error", row["cause"]))


def _child(graph: AppliedGraph, row: dict[str, Any]) -> None:
    if not graph.has(_invocation(row), "CHILD_OF", None):
        graph.relate_known(_invocation(row), "CHILD_OF", ("Invocation", row["parent"]))


def _successor(graph: AppliedGraph, row: dict[str, Any]) -> None:
    successor = ("Invocation", row["successor"])
    taken = graph.has(_invocation(row), "FOLLOWED_BY", None) or graph.has(None, "FOLLOWED_BY", successor)
    if not taken:
        graph.relate_known(_invocation(row), "FOLLOWED_BY", successor, duration_ms=row["duration_ms"])


APPLY = {
    "Model": _model,
    "Invocation": _span,
    "ModelName": _name,
    "USES_MODEL changed": _model_changed,
    "USES_VERSION changed": _version_changed,
    "USES_VERSION": _uses_version,
    "PerformanceMetric of Invocation": _latency,
    "PerformanceMetric of Model": _aggregate,
    "Error": _error,
    "TRIGGERED_BY parted": lambda graph, row: graph.drop(("Error", row["id"]), "TRIGGERED_BY", ("Error", row["cause"])),
    "TRIGGERED_BY": _cause,
    "CHILD_OF changed": lambda graph, row: graph.drop(_invocation(row), "CHILD_OF"),
    "CHILD_OF": _child,
    "FOLLOWED_BY changed": lambda graph, row: graph.drop(_invocation(row), "FOLLOWED_BY"),
    "FOLLOWED_BY": _successor,
}
