"""What the graph has of some traces."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workers.adapters.graph.connection import GraphConnection
from workers.ops.graph_check.content import Expected, Found
from workers.ops.graph_check.finding import Node


def _millis(node: str, *names: str) -> str:
    """Return a map projection with times as epoch milliseconds; whatever else is there stays as it is."""
    times = (
        f"{name}: CASE WHEN {node}.{name} IS :: ZONED DATETIME NOT NULL THEN {node}.{name}.epochMillis "
        f"ELSE {node}.{name} END"
        for name in names
    )
    return f"{node} {{.*, {', '.join(times)}}}"


PLACE = """CASE WHEN n:Invocation THEN ['Invocation', n.key] WHEN n:Model THEN ['Model', n.model_id]
  WHEN n:ModelVersion THEN ['ModelVersion', n.version_id] WHEN n:Error THEN ['Error', n.id]
  WHEN n:PerformanceMetric THEN ['PerformanceMetric', n.id] ELSE [labels(n)[0], elementId(n)] END"""
TYPES = "USES_MODEL|USES_VERSION|HAS_METRIC|CAUSED_ERROR|FOLLOWED_BY|CHILD_OF"
INVOCATION = f"""
RETURN {_millis("i", "timestamp")} AS properties,
  COLLECT {{ MATCH (i)-[r:{TYPES}]->(n) RETURN [type(r), {PLACE}, properties(r)] }} AS edges
"""
BY_TRACE = f"""
UNWIND $traces AS trace_id
MATCH (i:Invocation) USING INDEX i:Invocation(trace_id) WHERE i.trace_id = trace_id {INVOCATION}
"""
BY_KEY = f"UNWIND $keys AS key MATCH (i:Invocation {{key: key}}) {INVOCATION}"
ERRORS = f"""
UNWIND $ids AS id MATCH (e:Error {{id: id}})
RETURN {_millis("e", "timestamp")} AS properties,
  COLLECT {{ MATCH (e)<-[:CAUSED_ERROR]-(n) RETURN [{PLACE}, n.trace_id] }} AS owners,
  COLLECT {{ MATCH (e)-[r:TRIGGERED_BY]->(n) RETURN [type(r), {PLACE}, {{}}] }} AS edges
"""
METRICS = f"""
UNWIND $ids AS id MATCH (p:PerformanceMetric {{id: id}})
RETURN {_millis("p", "timestamp", "window_start", "window_end")} AS properties,
  COLLECT {{ MATCH (p)<-[:HAS_METRIC]-(n) RETURN [{PLACE}, n.trace_id] }} AS owners, [] AS edges
"""


async def found_of(graph: GraphConnection, traces: Sequence[Expected]) -> list[Found]:
    """Return what the graph has of each trace, in their order."""
    found = [Found() for _ in traces]
    by_id = {each.trace_id: found[at] for at, each in enumerate(traces) if each.trace_id}
    for row in await graph.rows(BY_TRACE, traces=list(by_id)):
        _invocation(by_id[row["properties"]["trace_id"]], row)
    await _under_another_trace(graph, traces, found)
    for label, cypher in (("Error", ERRORS), ("PerformanceMetric", METRICS)):
        of: dict[str, list[tuple[Expected, Found]]] = {}
        for expected, here in zip(traces, found, strict=True):
            for key in {*expected.ids(label), *here.linked(label)}:
                of.setdefault(key, []).append((expected, here))
        for row in await graph.rows(cypher, ids=list(of)):
            for expected, here in of[row["properties"]["id"]]:
                _owned(expected, here, label, row)
    return found


async def _under_another_trace(graph: GraphConnection, traces: Sequence[Expected], found: Sequence[Found]) -> None:
    """Read the Invocations that only their key leads to: their trace_id was changed."""
    missing = {
        key: here
        for expected, here in zip(traces, found, strict=True)
        for key in expected.ids("Invocation")
        if ("Invocation", key) not in here.nodes
    }
    for row in await graph.rows(BY_KEY, keys=list(missing)) if missing else ():
        _invocation(missing[row["properties"]["key"]], row)


def _invocation(found: Found, row: Mapping[str, Any]) -> None:
    properties = dict(row["properties"])
    node = ("Invocation", str(properties.get("key")))
    found.folded[node] = properties.pop("folded", None)
    found.nodes[node] = properties
    _relate(found, node, row["edges"])


def _owned(expected: Expected, found: Found, label: str, row: Mapping[str, Any]) -> None:
    node = (label, row["properties"]["id"])
    owners = [(_node(place), trace_id) for place, trace_id in row["owners"]]
    if owners and all(trace_id not in {None, expected.trace_id} for _, trace_id in owners):
        found.others.add(node)
        return
    found.nodes[node] = dict(row["properties"])
    for owner, trace_id in owners:
        if trace_id != expected.trace_id or not trace_id:  # those of this trace are read already
            found.relate((owner, "CAUSED_ERROR" if label == "Error" else "HAS_METRIC", node), {})
    _relate(found, node, row["edges"])


def _relate(found: Found, node: Node, edges: Iterable[Sequence[Any]]) -> None:
    for kind, place, properties in edges:
        found.relate((node, kind, _node(place)), properties)


def _node(place: Sequence[Any]) -> Node:
    return str(place[0]), str(place[1])
