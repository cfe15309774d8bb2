"""What the graph has of some models and schemas."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workers.adapters.graph.connection import GraphConnection
from workers.ops.graph_check.content import Expected, Found
from workers.ops.graph_check.finding import Node
from workers.ops.graph_check.registry.expected import KEYS, node_of
from workers.ops.graph_check.registry.folded import FoldedSubject

OWN = {"Model": "HAS_VERSION|HAS_PRICE|HAS_CAPABILITY", "Schema": "HAS_VERSION"}
LABELS = tuple(KEYS)
NODES = """
UNWIND $keys AS key MATCH (n:{label} {{{name}: key}})
RETURN properties(n) AS properties, {edges} AS edges
"""
EDGES = "COLLECT {{ MATCH (n)-[r:{types}]->(o) RETURN [type(r), properties(r), labels(o)[0], properties(o)] }}"
STATES = "UNWIND $ids AS id MATCH (s:WorkerState {id: id}) RETURN s.id AS id, s.state AS state"
PREFIX = "registry/"


async def found_of(
    graph: GraphConnection, folded: Sequence[FoldedSubject], expected: Sequence[Expected]
) -> list[Found]:
    """Return what the graph has of each, in their order."""
    found = [Found() for _ in folded]
    for label in LABELS:
        of: dict[str, list[tuple[Found, bool]]] = {}
        for subject, each, here in zip(folded, expected, found, strict=True):
            for key in {key for of_label, key in (*each.nodes, *each.bare) if of_label == label}:
                of.setdefault(key, []).append((here, subject.name == f"{label.lower()}/{key}"))
        edges = EDGES.format(types=OWN[label]) if label in OWN else "[]"
        cypher = NODES.format(label=label, name=KEYS[label], edges=edges)
        for row in await graph.rows(cypher, keys=list(of)) if of else ():
            for here, is_subject in of[row["properties"][KEYS[label]]]:
                _add(here, label, row["properties"], row["edges"] if is_subject else ())
    by_state = {state_node(each)[1]: here for each, here in zip(folded, found, strict=True)}
    for row in await graph.rows(STATES, ids=list(by_state)):
        by_state[row["id"]].folded["WorkerState", row["id"]] = row["state"]
    return found


def state_node(folded: FoldedSubject) -> Node:
    """Return the node with the worker's state of a model or schema."""
    return "WorkerState", f"{PREFIX}{folded.name}"


def _add(found: Found, label: str, properties: Mapping[str, Any], edges: Iterable[Sequence[Any]]) -> None:
    """Add a node, and the relationships of the model or schema itself: those of others that it names are theirs."""
    node = node_of(label, properties)
    found.nodes[node] = plain(properties)
    for kind, values, other_label, other in edges:
        there = node_of(other_label, other)
        found.nodes.setdefault(there, plain(other))
        found.relate((node, kind, there), plain(values))


def plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with times as epoch milliseconds, days as text; without what a job has added to ``history``."""
    made = {name: _plain(value) for name, value in properties.items()}
    if later := made.get("deletions_in_use"):
        made["history"] = [each for each in made.get("history") or [] if each not in later]
    return made


def _plain(value: Any) -> Any:
    if not hasattr(value, "to_native"):
        return value
    native = value.to_native()
    if getattr(native, "tzinfo", None) is None:  # a day, or a time without a zone, which no worker writes
        return native.isoformat()
    return round(native.timestamp() * 1000)
