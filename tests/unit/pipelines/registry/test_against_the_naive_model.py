"""The worker against the naive model: any changes, in any legal delivery and any batches, come to one graph."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.model.naive_registry import naive_registry
from tests.model.registry_changes import Registry
from tests.unit.pipelines.registry.applied_plan import AppliedGraph
from tests.unit.pipelines.registry.driven import Table, events

RANDOM = st.randoms(use_true_random=True)


def changed(random: Random, changes: int) -> Registry:
    registry = Registry(random, "r", 3)
    for _ in range(changes):
        registry.change()
    return registry


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(RANDOM, st.integers(1, 60))
def test_any_changes_in_any_delivery_come_to_the_graph_of_the_naive_model(random: Random, changes: int) -> None:
    registry = changed(random, changes)
    log = events(registry.delivered())
    graph, table = AppliedGraph(), Table()
    while log:
        size = random.randint(1, len(log))
        batch, log = log[:size], log[size:]
        plan, entries = table.plan(batch)
        if random.random() < 0.3:  # crashed after the commit: the same batch is folded again
            graph.apply(plan)
            plan, entries = table.plan(batch)
        graph.apply(plan)
        table.states.update(entries)
    expected = naive_registry(registry.source.log)
    assert graph.nodes == expected.nodes
    assert graph.relationships == expected.relationships


@settings(max_examples=50, deadline=None)
@given(RANDOM)
def test_a_plan_is_the_same_each_time_and_changes_nothing_when_it_is_run_again(random: Random) -> None:
    log, table = events(changed(random, 30).delivered()), Table()
    once, twice = AppliedGraph(), AppliedGraph()
    for batch in (log[:15], log[15:]):
        plan, entries = table.plan(batch)
        assert (plan, entries) == table.plan(batch)
        table.states.update(entries)
        once.apply(plan)
        twice.apply(plan)
        twice.apply(plan)
    assert once == twice


@settings(max_examples=50, deadline=None)
@given(RANDOM)
def test_a_state_survives_its_way_through_the_changelog_unchanged(random: Random) -> None:
    table = Table()
    table.take(changed(random, 30).delivered())
    assert {key: table.load(key).dump() for key in table.states} == table.states


@settings(max_examples=50, deadline=None)
@given(RANDOM)
def test_what_has_been_delivered_before_changes_neither_graph_nor_state(random: Random) -> None:
    registry, table = changed(random, 30), Table()
    table.take(registry.source.log)
    before = dict(table.states)
    assert table.take(registry.delivered()) == []
    assert table.states == before
