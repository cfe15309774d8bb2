"""For telemetry: the graph equals the naive model, without dead-lettered records."""

from collections.abc import Iterator

from tests.chaos.checking.anomaly import Anomaly, Finding
from tests.chaos.checking.found_graph import FoundGraph
from tests.model.naive_model import Graph

SHOWN = 3


def graph_equals_the_model(expected: Graph, found: FoundGraph) -> Iterator[Finding]:
    """Yield the first few differences of each kind."""
    missing, extra = expected.nodes.keys() - found.nodes.keys(), found.nodes.keys() - expected.nodes.keys()
    if missing:
        yield Finding(Anomaly.LOST, f"{len(missing)} nodes, such as {sorted(missing)[:SHOWN]}")
    if extra:
        yield Finding(Anomaly.STATE_DIVERGED, f"{len(extra)} nodes too many, such as {sorted(extra)[:SHOWN]}")
    if found.doubled:
        yield Finding(Anomaly.DOUBLED, f"{len(found.doubled)} relationships, such as {found.doubled[:SHOWN]}")
    yield from _changed(expected, found)
    for told, relationships in (
        ("missing", expected.relationships - found.relationships),
        ("too many", found.relationships - expected.relationships),
    ):
        if relationships:
            few = sorted(relationships, key=repr)[:SHOWN]
            yield Finding(Anomaly.STATE_DIVERGED, f"{len(relationships)} relationships {told}, such as {few}")


def _changed(expected: Graph, found: Graph) -> Iterator[Finding]:
    other = {
        node: {
            name: (properties.get(name), found.nodes[node].get(name))
            for name in properties.keys() | found.nodes[node].keys()
            if properties.get(name) != found.nodes[node].get(name)
        }
        for node, properties in expected.nodes.items()
        if node in found.nodes
    }
    differing = {node: names for node, names in other.items() if names}
    if differing:
        few = sorted(differing.items(), key=repr)[:SHOWN]
        yield Finding(Anomaly.STATE_DIVERGED, f"{len(differing)} nodes differ (expected, found), such as {few}")
