"""Name the differences between what must be in the graph and what is."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from workers.ops.graph_check.content import Edge, Expected, Found
from workers.ops.graph_check.finding import FIXES, Finding, Kind, Node, Place, shown
from workers.pipelines.telemetry.cost import InvocationCost

COSTS = frozenset(InvocationCost._fields)
TIMES = frozenset({"timestamp", "window_start", "window_end"})
SECRET = frozenset({"message"})
"""Properties whose text may quote a prompt: only their size is shown."""


class Difference(NamedTuple):
    """One difference of a trace, before it is confirmed. ``other`` is the node that a relationship leads to."""

    kind: Kind
    node: Node
    name: str | None
    expected: Any
    found: Any
    other: Node = ("", "")

    @property
    def leads_to_model(self) -> bool:
        """Tell whether it is about the Model of a call or a metric."""
        return "Model" in {self.node[0], self.other[0]}

    def finding(self, expected: Expected, topic: str | None, partition: int | None) -> Finding:
        """Return it with the place of the node's first record, and what to do."""
        place = Place(topic, partition, expected.offsets.get(self.node), expected.trace_id or None)
        return Finding(self.kind, shown(self.node), self.name, self.expected, self.found, FIXES[self.kind], place)


class Judged(NamedTuple):
    """What was found about a part of the graph. ``is_older``: the topic no longer has its first records."""

    expected: Expected
    found: Found
    differences: list[Difference]
    is_older: bool


def differences(expected: Expected, found: Found) -> Iterator[Difference]:
    """Yield every difference; properties and labels that no worker writes are none."""
    for node in expected.nodes:
        if node in found.nodes:
            yield from _of_properties(expected, node, found.nodes[node])
        elif node not in found.others:
            yield _missing(node)
    yield from map(_missing, expected.bare - found.nodes.keys())
    for node in found.nodes.keys() - expected.nodes.keys() - expected.bare:
        yield Difference(Kind.UNEXPLAINED_NODE, node, None, None, "a node")
    yield from edge_differences(expected, found)


def _missing(node: Node) -> Difference:
    return Difference(Kind.MISSING_NODE, node, None, "a node", None)


def _of_properties(of: Expected, node: Node, found: Mapping[str, Any]) -> Iterator[Difference]:
    expected = of.nodes[node]
    names = of.written[node[0]] | expected.keys()
    differing = [name for name in sorted(names) if not _same(expected.get(name), found.get(name))]
    costs = [name for name in differing if name in COSTS and node[0] == "Invocation"]
    if costs:
        yield Difference(Kind.COST, node, ", ".join(costs), _named(expected, costs), _named(found, costs))
    for name in differing:
        if name not in costs:
            values = as_shown(name, expected.get(name)), as_shown(name, found.get(name))
            yield Difference(Kind.PROPERTY, node, name, *values)


def _same(expected: Any, found: Any) -> bool:
    """Tell whether two values are equal, and of one type: true is not 1."""
    return bool(expected == found) and isinstance(expected, bool) == isinstance(found, bool)


def _named(properties: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: properties.get(name) for name in names}


def as_shown(name: str, value: Any) -> Any:
    """Return a value as people read it: a time as ISO 8601, a text that may quote a prompt as its size."""
    if name in SECRET and isinstance(value, str):
        return f"a text of {len(value):,} characters"
    if name in TIMES and isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
    return value


def edge_differences(expected: Expected, found: Found) -> Iterator[Difference]:
    """Yield every relationship that is missing, there twice, with other properties, or not explained."""
    for edge, properties in expected.edges.items():
        if edge[0] in found.others or edge[2] in found.others:
            continue
        if not (there := found.edges.get(edge, [])):
            if edge[0] in found.nodes or edge[0][0] == "Model":  # otherwise the node is missing with all that it had
                yield _edge(Kind.MISSING_RELATIONSHIP, edge, "once", None)
        elif len(there) > 1:
            yield _edge(Kind.UNEXPLAINED_RELATIONSHIP, edge, "once", f"{len(there)} times")
        elif any(there[0].get(name) != value for name, value in properties.items()):
            yield _edge(Kind.PROPERTY, edge, properties, there[0])
    for edge in found.edges.keys() - expected.edges.keys() - expected.allowed:
        yield _edge(Kind.UNEXPLAINED_RELATIONSHIP, edge, None, "there")


def _edge(kind: Kind, edge: Edge, expected: Any, found: Any) -> Difference:
    node, name, other = edge
    if name == "USES_VERSION":
        kind = Kind.COST
    return Difference(kind, node, f"{name} to {shown(other)}", expected, found, other)
