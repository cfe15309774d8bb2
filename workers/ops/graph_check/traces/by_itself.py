"""What a trace's own properties say about its relationships and costs, where the topic no longer has its records."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Protocol

from workers.core.node_key import invocation_key
from workers.ops.graph_check.compare import Difference, edge_differences
from workers.ops.graph_check.content import Expected, Found
from workers.ops.graph_check.finding import Kind, Node
from workers.ops.graph_check.traces.expected import WRITTEN
from workers.ops.reprice.revision import revise
from workers.pipelines.telemetry.cost import InvocationCost
from workers.pipelines.telemetry.events import COMPLETE, ERROR, START, identity
from workers.pipelines.telemetry.fold.span import Span
from workers.pipelines.telemetry.prices.meaning import NameBook
from workers.pipelines.telemetry.prices.pricing import PriceBook
from workers.pipelines.telemetry.tokens.conventions import TokenCounts
from workers.pipelines.telemetry.write.rows import BillingColumns

CHECKED = ("FOLLOWED_BY", "CHILD_OF", "USES_MODEL")
COLUMNS = (
    "model_id",
    "provider",
    "timestamp",
    *TokenCounts._fields,
    *BillingColumns._fields,
    *InvocationCost._fields,
)


class Book(PriceBook, NameBook, Protocol):
    """What a call's model and price are looked up in."""


def differences(trace_id: str, found: Found, book: Book) -> Iterator[Difference]:
    """Yield what contradicts itself: the chain of the trace, parents, models and prices."""
    calls = {node: shown for node, shown in found.nodes.items() if node[0] == "Invocation"}
    bad = [node for node, shown in calls.items() if not isinstance(shown.get("timestamp"), int)]
    for node in bad:
        yield Difference(Kind.PROPERTY, node, "timestamp", "a time", repr(calls[node].get("timestamp")))
    if not bad:
        expected = _related(trace_id, calls, book)
        edges = {edge: there for edge, there in found.edges.items() if edge[1] in CHECKED}
        yield from edge_differences(expected, Found(found.nodes, edges))
        for node, properties in calls.items():
            yield from _of_cost(node, properties, found, book)


def _related(trace_id: str, calls: Mapping[Node, Mapping[str, Any]], book: Book) -> Expected:
    expected = Expected(WRITTEN, trace_id)
    order = sorted((shown["timestamp"], str(shown.get("span_id")), node) for node, shown in calls.items())
    for (before, _, node), (after, _, successor) in pairwise(order):
        expected.edges[node, "FOLLOWED_BY", successor] = {"duration_ms": after - before}
    for node, shown in calls.items():
        parent = "Invocation", invocation_key(trace_id, str(shown.get("parent_span_id")))
        if shown.get("parent_span_id") and parent in calls:
            expected.edges[node, "CHILD_OF", parent] = {}
        provider, model_id = str(shown.get("provider")), str(shown.get("model_id"))
        used = "Model", book.used_model(provider, model_id, shown["timestamp"])
        expected.edges[node, "USES_MODEL", used] = {}
    return expected


def _of_cost(node: Node, properties: Mapping[str, Any], found: Found, book: Book) -> Iterator[Difference]:
    versions = [other[1] for one, kind, other in found.edges if (one, kind) == (node, "USES_VERSION")]
    row = {"key": node[1], "columns": [properties.get(each) for each in COLUMNS], "version_ids": versions, "read": []}
    try:
        revision = revise(row, book)
    except (ArithmeticError, TypeError, ValueError):
        yield Difference(Kind.COST, node, "tokens", "numbers", "something else")
        return
    if revision.before != revision.after:
        names = [name for name in InvocationCost._fields if _of(revision.before, name) != _of(revision.after, name)]
        expected, there = ({name: _of(cost, name) for name in names} for cost in (revision.after, revision.before))
        yield Difference(Kind.COST, node, ", ".join(sorted(names)), expected, there)
    elif revision.differs:
        yield Difference(Kind.COST, node, "USES_VERSION", revision.version_id, ", ".join(versions) or None)


def _of(cost: InvocationCost, name: str) -> Any:
    return getattr(cost, name)


def seen_by(properties: Mapping[str, Any], folded: Any) -> set[str]:
    """Return the identities of an Invocation's events, as the graph says it; none where it cannot."""
    if folded is None:
        types = {"STARTED": START, "SUCCESS": COMPLETE}
        return {identity(str(properties.get("id")), types.get(str(properties.get("status")), ERROR))}
    try:
        return set(Span.restore(folded).seen)
    except Exception:  # noqa: BLE001 - whatever else somebody has put there
        return set()
