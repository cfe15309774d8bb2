"""The worker against the naive model: any order, any batches, copies, crashes and replays come to one graph."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.model.naive_model import naive_model
from tests.model.traffic import traffic
from tests.unit.pipelines.telemetry.applied_plan import AppliedGraph
from tests.unit.pipelines.telemetry.driven import Table, parsed

RANDOM = st.randoms(use_true_random=False)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(RANDOM, st.integers(1, 4))
def test_any_log_in_any_batches_comes_to_the_graph_of_the_naive_model(random: Random, traces: int) -> None:
    log = traffic(random, traces)
    events = parsed(log)
    graph = AppliedGraph()
    table = Table(graph=graph)
    while events:
        table.evict(random)
        size = random.randint(1, len(events))
        batch, events = events[:size], events[size:]
        plan, entries = table.plan(batch)
        graph.apply(plan)
        crashed = random.random() < 0.3
        if not crashed:  # after the commit, before the table took the states
            table.states.update(entries)
        else:
            table.states.clear()
    expected = naive_model(log)
    assert graph.nodes == expected.nodes
    assert graph.relationships == expected.relationships


@settings(max_examples=50, deadline=None)
@given(RANDOM)
def test_a_plan_is_the_same_each_time_and_changes_nothing_when_it_is_run_again(random: Random) -> None:
    events = parsed(traffic(random, 3))
    table = Table()
    half = len(events) // 2
    first, entries = table.plan(events[:half])
    table.states.update(entries)
    second, entries = table.plan(events[half:])
    assert (second, entries) == table.plan(events[half:])
    once, twice = AppliedGraph(), AppliedGraph()
    for plan in (first, second):
        once.apply(plan)
        twice.apply(plan)
        twice.apply(plan)
    assert once == twice


@settings(max_examples=50, deadline=None)
@given(RANDOM)
def test_a_state_survives_its_way_through_the_table_unchanged(random: Random) -> None:
    table = Table()
    _, entries = table.plan(parsed(traffic(random, 2)))
    table.states.update(entries)
    assert {key: table.load(key).dump() for key in entries} == entries
