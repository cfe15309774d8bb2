"""The differences between two graphs that are too large to show whole."""

from collections.abc import Iterator

from tests.model.naive_model import Graph


def differences(found: Graph, expected: Graph) -> list[str]:
    """Return what is missing, extra or different; nothing if the graphs are equal."""
    return [*_of_nodes(found, expected), *_of_relationships(found, expected)]


def _of_nodes(found: Graph, expected: Graph) -> Iterator[str]:
    for node in sorted(found.nodes.keys() | expected.nodes.keys()):
        if node not in found.nodes:
            yield f"{node} is missing"
        elif node not in expected.nodes:
            yield f"{node} is too much"
        else:
            here, there = found.nodes[node], expected.nodes[node]
            for name in sorted(here.keys() | there.keys()):
                if here.get(name) != there.get(name):
                    yield f"{node} has {name} {here.get(name)!r}, not {there.get(name)!r}"


def _of_relationships(found: Graph, expected: Graph) -> Iterator[str]:
    for missing in sorted(expected.relationships - found.relationships, key=repr):
        yield f"{missing} is missing"
    for surplus in sorted(found.relationships - expected.relationships, key=repr):
        yield f"{surplus} is too much"
