"""What the graph has of each trace, by the naive model: in place of Neo4j."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.model.naive_model import Graph, naive_model
from tests.model.traffic import Sent
from tests.unit.pipelines.telemetry.driven import WORKER, keyed, parsed
from workers.core.record import ConsumedRecord
from workers.ops.graph_check.content import Expected, Found
from workers.ops.graph_check.traces.expected import expected_of
from workers.ops.graph_check.traces.folded import FoldedTrace, Name, fold_into

OWNERS = {"Error": "CAUSED_ERROR", "PerformanceMetric": "HAS_METRIC"}


def folded(log: Sequence[Sent]) -> dict[Name, FoldedTrace]:
    """Fold a log as the command does."""
    traces: dict[Name, FoldedTrace] = {}
    events = [
        (ConsumedRecord("t", 0, offset, 0, event.trace_id.encode(), None), event) for offset, event in parsed(log)
    ]
    fold_into(traces, keyed(WORKER), events)
    return traces


def compared(log: Sequence[Sent]) -> list[tuple[FoldedTrace, Expected, Found]]:
    """Return each trace of a log, what the graph must have of it, and what the naive model says."""
    graph, traces = naive_model(log), folded(log).values()
    every = [(trace, expected_of(trace, WORKER.plan)) for trace in traces]
    return [(trace, expected, found_in(graph, trace, expected)) for trace, expected in every]


def found_in(graph: Graph, trace: FoldedTrace, expected: Expected) -> Found:
    """Return a trace of the naive model; the stored states, which it does not have, are those that are expected."""
    found = Found()
    for node, properties in graph.nodes.items():
        if node[0] == "Invocation" and properties["trace_id"] == expected.trace_id:
            found.nodes[node] = _written(properties, expected.nodes.get(node, {}))
            span = trace.trace.spans.get(properties["span_id"])
            found.folded[node] = span.stored() if span else None
    for _, kind, other, _ in [each for each in graph.relationships if each[0] in found.nodes]:
        if other[0] in OWNERS and kind == OWNERS[other[0]]:
            found.nodes[other] = dict(graph.nodes[other])
    for label in OWNERS:
        found.nodes |= {(label, key): dict(graph.nodes[label, key]) for key in expected.ids(label)}
    for one, kind, other, told in graph.relationships:
        if one in found.nodes or (one[0] == "Model" and other in found.nodes):
            found.relate((one, kind, other), dict(told))
    return found


def _written(properties: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties as the worker writes them: the model has costs as decimals, and notes without their words."""
    written, exact = dict(properties), properties.get("cost_usd_exact")
    if exact is not None:
        same = Decimal(expected.get("cost_usd_exact", "NaN")) == exact
        written["cost_usd_exact"] = expected["cost_usd_exact"] if same else f"{exact:f}"
    if "cost_note" in properties:
        written["cost_note"] = expected.get("cost_note", "a note")
    return written
