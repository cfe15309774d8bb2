"""Whatever is told, in whatever order and however often: each schema ends consistent, and the worker's steps end it."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.pipelines.evolution.applied_moves import AppliedMoves
from tests.unit.pipelines.evolution.decisions import Table, named, published, then
from workers.pipelines.evolution.events import Change, Confirmed, Decided, Due, Event, Executed, RolledBack, Verified
from workers.pipelines.evolution.fold.schema_migrations import Migration, SchemaMigrations
from workers.pipelines.evolution.states import BLOCKING, ChangeClass, State

VERSIONS = ("1", "2", "3")
CHANGES: tuple[Change, ...] = (
    Decided(approved=True, by="ada", why="planned"),
    Decided(approved=False, by="bob", why="too early"),
    Due("over"),
    Executed(),
    Verified(),
    RolledBack("odd"),
    Confirmed(),
)
NEXT: dict[State, Change] = {
    State.AWAITING_APPROVAL: CHANGES[0],
    State.BUFFERED: Due("over"),
    State.SCHEDULED: Executed(),
    State.EXECUTED: Verified(),
    State.VERIFIED: Confirmed(),
}
publications = st.builds(
    published, st.sampled_from(VERSIONS), st.sampled_from((None, *VERSIONS)), st.sampled_from(ChangeClass)
)
decisions = st.builds(then, st.sampled_from(VERSIONS), st.sampled_from(CHANGES))
logs = st.lists(publications | decisions, max_size=40)


def batches(log: Sequence[Event], sizes: Sequence[int]) -> list[Sequence[Event]]:
    cut, rest = [], list(log)
    for size in sizes:
        cut.append(rest[:size])
        rest = rest[size:]
    return [*cut, rest]


def under_way(state: SchemaMigrations) -> list[Migration]:
    return [each for each in state.migrations.values() if each.state in BLOCKING]


@settings(deadline=None)
@given(logs, st.lists(st.integers(1, 10), max_size=10))
def test_any_log_in_any_batches_ends_consistent_in_state_and_graph(log: list[Event], sizes: list[int]) -> None:
    whole, table, graph = Table(), Table(), AppliedMoves()
    whole.take(log)
    for batch in batches(log, sizes):
        graph.apply(table.take(batch))
    assert table.states == whole.states, "where batches end does not matter"
    state = table.state()
    assert len(under_way(state)) <= 1
    assert graph.states == {each: migration.state for each, migration in state.migrations.items()}
    if graph.moved:
        assert graph.current == state.current


@settings(deadline=None)
@given(logs, st.data())
def test_what_is_told_again_later_changes_nothing(log: list[Event], data: st.DataObject) -> None:
    table = Table()
    for event in log:
        table.take([event])
        before = table.states.copy()
        table.take([event])
        assert table.states == before
    if log:
        ended = {name: each for name, each in table.state().migrations.items() if each.ended}
        table.take(data.draw(st.lists(st.sampled_from(log))))
        now = table.state().migrations
        assert {name: now[name] for name in ended} == ended, "what has ended stays as it is"


@settings(deadline=None)
@given(logs)
def test_after_any_log_the_workers_own_steps_come_to_the_end_of_every_version(log: list[Event]) -> None:
    table = Table()
    table.take(log)
    for version in VERSIONS:
        while going := under_way(table.state()):
            table.take([then(going[0].version, NEXT[going[0].state])])
            assert table.advanced(), "each step is taken"
        if named(version) not in table.state().migrations:
            table.take([published(version, table.state().current)])
            assert table.advanced() == ["SCHEDULED"]
    while going := under_way(table.state()):
        table.take([then(going[0].version, NEXT[going[0].state])])
    assert set(table.state().migrations) == {named(version) for version in VERSIONS}
