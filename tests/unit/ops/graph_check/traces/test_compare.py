"""Differences between the traces of a log and a graph: none by the naive model, and each edit of it by name."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.model.traffic import Maker, seeded, traffic
from tests.unit.ops.graph_check.traces.naive_found import compared
from workers.ops.graph_check.compare import Difference, differences
from workers.ops.graph_check.content import Edge, Expected, Found
from workers.ops.graph_check.finding import FIXES, Kind
from workers.ops.graph_check.traces.folded import FoldedTrace
from workers.ops.graph_check.traces.state import state_differences

Compared = tuple[FoldedTrace, Expected, Found]
FIRST, SECOND = ("Invocation", "t/s1"), ("Invocation", "t/s2")
ERROR, METRIC = ("Error", "t-error"), ("PerformanceMetric", "t-metric")


@pytest.mark.parametrize("seed", range(12))
def test_the_graph_of_the_naive_model_has_no_difference(seed: int) -> None:
    every = compared(traffic(seeded(seed), 12))
    assert len(every) > 5
    assert [each for compared_one in every for each in named_in(compared_one)] == []


def named_in(of: Compared) -> list[Difference]:
    """Return the differences of content and of state."""
    folded, expected, found = of
    return [*differences(expected, found), *state_differences(folded, found)]


def trace() -> Compared:
    """Return two calls, one the parent of the other, with an error and its cause, and a metric."""
    maker = Maker(seeded(1), "t")
    for span, at in (("s1", 1_000), ("s2", 2_000)):
        call = maker.invocation("t", span, [], "complete")
        told = {"timestamp": 1_700_000_000_000 + at, "latency_ms": 0.0, "parent_span_id": "s1", "user_id": "anna"}
        maker.send("LLMInvocationEvent", call | told | {"prompt_tokens": 7, "completion_tokens": 5})
    maker.send("LLMErrorEvent", maker.error("t", "s1") | {"event_id": "t-error", "caused_by": None})
    maker.send("LLMErrorEvent", maker.error("t", "s2") | {"event_id": "t-cause", "caused_by": None})
    maker.send("LLMLatencyEvent", maker.latency("t", "s2") | {"event_id": "t-metric"})
    (made,) = compared(maker.log)
    assert named_in(made) == []
    return made


def named(edit: Callable[[Found], Any]) -> set[tuple[Kind, Any, str | None]]:
    made = trace()
    edit(made[2])
    return {(each.kind, each.node, each.name) for each in named_in(made)}


@pytest.mark.parametrize("name", ["user_id", "timestamp", "status", "prompt_tokens", "model_id", "provider", "id"])
def test_a_changed_property_is_named(name: str) -> None:
    assert named(lambda found: found.nodes[FIRST].update({name: "edited"})) == {(Kind.PROPERTY, FIRST, name)}
    assert named(lambda found: found.nodes[FIRST].pop(name)) == {(Kind.PROPERTY, FIRST, name)}


def test_a_property_that_no_event_has_is_named_and_one_that_no_worker_writes_is_not() -> None:
    assert named(lambda found: found.nodes[FIRST].update(cached_tokens=3)) == {(Kind.PROPERTY, FIRST, "cached_tokens")}
    assert named(lambda found: found.nodes[FIRST].update(reviewed_by="ben")) == set()


def test_a_changed_cost_is_one_difference_whose_fix_is_to_reprice() -> None:
    (found,) = named(lambda found: found.nodes[FIRST].update(price_source="registry", price_id="p@1"))
    assert found == (Kind.COST, FIRST, "price_id, price_source")
    assert "graph reprice" in FIXES[Kind.COST]


@pytest.mark.parametrize("node", [ERROR, METRIC])
def test_a_changed_error_or_metric_is_named(node: tuple[str, str]) -> None:
    assert named(lambda found: found.nodes[node].update(timestamp=1)) == {(Kind.PROPERTY, node, "timestamp")}


@pytest.mark.parametrize("node", [FIRST, ERROR, METRIC])
def test_a_removed_node_is_named(node: tuple[str, str]) -> None:
    def removed(found: Found) -> None:
        del found.nodes[node]
        for edge in [each for each in found.edges if node in (each[0], each[2])]:
            del found.edges[edge]

    assert (Kind.MISSING_NODE, node, None) in named(removed)


def test_an_inserted_node_is_named() -> None:
    inserted = ("Invocation", "t/s9")
    assert named(lambda found: found.nodes.update({inserted: {"key": "t/s9"}})) == {
        (Kind.UNEXPLAINED_NODE, inserted, None)
    }


def _removed(edge: Edge, found: Found) -> None:
    del found.edges[edge]


def _doubled(edge: Edge, found: Found) -> None:
    found.edges[edge].append({})


def test_each_removed_relationship_is_named() -> None:
    _, _, found = trace()
    kinds = {kind for _, kind, _ in found.edges}
    assert kinds == {"USES_MODEL", "FOLLOWED_BY", "CHILD_OF", "CAUSED_ERROR", "TRIGGERED_BY", "HAS_METRIC"}
    for edge in found.edges:
        name = f"{edge[1]} to {edge[2][0]} {edge[2][1]}"
        assert named(partial(_removed, edge)) == {(Kind.MISSING_RELATIONSHIP, edge[0], name)}


def test_each_doubled_relationship_is_named() -> None:
    _, _, found = trace()
    for edge in found.edges:
        ((kind, node, _),) = named(partial(_doubled, edge))
        assert (kind, node) == (Kind.UNEXPLAINED_RELATIONSHIP, edge[0])


def test_an_inserted_relationship_and_a_changed_duration_are_named() -> None:
    back = SECOND, "CHILD_OF", SECOND
    assert named(lambda found: found.relate(back, {})) == {
        (Kind.UNEXPLAINED_RELATIONSHIP, SECOND, "CHILD_OF to Invocation t/s2")
    }
    following = FIRST, "FOLLOWED_BY", SECOND
    assert named(lambda found: found.edges.update({following: [{"duration_ms": 5}]})) == {
        (Kind.PROPERTY, FIRST, "FOLLOWED_BY to Invocation t/s2")
    }


def test_another_version_is_a_cost() -> None:
    version = FIRST, "USES_VERSION", ("ModelVersion", "m@1")
    assert named(lambda found: found.relate(version, {})) == {(Kind.COST, FIRST, "USES_VERSION to ModelVersion m@1")}


@pytest.mark.parametrize("state", [b"edited", "a text", 7])
def test_a_changed_state_is_named(state: object) -> None:
    assert named(lambda found: found.folded.update({FIRST: state})) == {(Kind.PROPERTY, FIRST, "folded")}


def test_the_state_of_several_events_must_be_there() -> None:
    assert named(lambda found: found.folded.update({SECOND: None})) == {(Kind.PROPERTY, SECOND, "folded")}


def test_the_text_of_an_error_is_not_shown() -> None:
    _, expected, found = trace()
    found.nodes[ERROR]["message"] = "my secret prompt"
    ((difference),) = differences(expected, found)
    assert (difference.name, difference.found) == ("message", "a text of 16 characters")


def test_a_cause_in_another_trace_may_be_linked_or_not() -> None:
    maker = Maker(seeded(1), "t")
    maker.send("LLMErrorEvent", maker.error("t", "s1") | {"event_id": "e", "caused_by": "elsewhere"})
    ((_, expected, found),) = compared(maker.log)
    assert list(differences(expected, found)) == []
    found.relate((("Error", "e"), "TRIGGERED_BY", ("Error", "elsewhere")), {})
    assert list(differences(expected, found)) == []


def test_a_node_that_another_trace_owns_is_not_judged() -> None:
    _, expected, found = trace()
    del found.nodes[METRIC], found.edges[SECOND, "HAS_METRIC", METRIC]
    found.others.add(METRIC)
    assert list(differences(expected, found)) == []
