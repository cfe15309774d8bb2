"""Which nodes and relationships a trace must have: the worker's own plan of all its records at once."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from workers.core.statement import Statement
from workers.ops.graph_check.content import Expected, Written
from workers.ops.graph_check.traces.folded import FoldedTrace
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.write import statements as write
from workers.pipelines.telemetry.write.plan import ORDER

Plan = Callable[[Sequence[Trace]], Sequence[Statement]]
COLUMNS = {template.name: template.columns for template in ORDER}


def expected_of(folded: FoldedTrace, plan: Plan) -> Expected:
    """Return what the graph must have of a trace, by the price book of the plan."""
    trace, made = folded.trace, Expected(WRITTEN, folded.trace_id, offsets=dict(folded.offsets))
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}
    for statement in plan([trace]):
        rows[statement.name] = [dict(zip(COLUMNS[statement.name], row, strict=True)) for row in statement.rows]
    for row in rows[write.INVOCATIONS.name]:
        _invocation(made, row)
    for each in rows[write.VERSION_USED.name]:
        made.edges[("Invocation", each["key"]), "USES_VERSION", ("ModelVersion", each["version_id"])] = {}
    _owned(made, rows[write.LATENCIES.name], "PerformanceMetric", "HAS_METRIC", ("Invocation", "key"))
    _owned(made, rows[write.AGGREGATES.name], "PerformanceMetric", "HAS_METRIC", ("Model", "used_model"))
    _owned(made, rows[write.ERRORS.name], "Error", "CAUSED_ERROR", ("Invocation", "key"))
    for offset, event, _ in (*trace.latencies, *trace.aggregates):
        made.offsets.setdefault(("PerformanceMetric", event.event_id), offset)
    for offset, event, _ in trace.failures:
        made.offsets.setdefault(("Error", event.event_id), offset)
    _relate(made, rows)
    return made


def _invocation(made: Expected, row: dict[str, Any]) -> None:
    del row["folded"]
    used_model = row.pop("used_model")
    row["status"] = row["status"] or "STARTED"
    node = made.node(("Invocation", row["key"]), row)
    made.edges[node, "USES_MODEL", ("Model", used_model)] = {}


def _owned(made: Expected, rows: list[dict[str, Any]], label: str, kind: str, owner: tuple[str, str]) -> None:
    for row in rows:
        owned_by = (owner[0], row.pop(owner[1]))
        made.edges[owned_by, kind, made.node((label, row["id"]), row)] = {}


def _relate(made: Expected, rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Add relationships between nodes of the trace; a parent or a cause may not be one of them."""
    for row in rows[write.SUCCESSORS.name]:
        between = ("Invocation", row["key"]), "FOLLOWED_BY", ("Invocation", row["successor"])
        made.edges[between] = {"duration_ms": row["duration_ms"]}
    for row in rows[write.CHILDREN.name]:
        if ("Invocation", row["parent"]) in made.nodes:
            made.edges[("Invocation", row["key"]), "CHILD_OF", ("Invocation", row["parent"])] = {}
    for row in rows[write.CAUSES.name]:
        caused = ("Error", row["id"]), "TRIGGERED_BY", ("Error", row["cause"])
        if caused[2] in made.nodes:
            made.edges[caused] = {}
        else:
            made.allowed.add(caused)


def _columns(*names: str) -> frozenset[str]:
    return frozenset(column for name in names for column in COLUMNS[name]) - {"used_model", "folded"}


WRITTEN: Written = MappingProxyType(
    {
        "Invocation": _columns(write.INVOCATIONS.name),
        "PerformanceMetric": _columns(write.LATENCIES.name, write.AGGREGATES.name) - {"key"},
        "Error": _columns(write.ERRORS.name) - {"key"},
    }
)
"""The properties that the worker writes, by label."""
