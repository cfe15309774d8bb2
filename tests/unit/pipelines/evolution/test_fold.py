import pytest

from tests.unit.pipelines.evolution.decisions import Table, named, published, then
from workers.pipelines.evolution.events import Change, Confirmed, Decided, Due, Executed, RolledBack, Verified
from workers.pipelines.evolution.limits import MAX_MIGRATIONS
from workers.pipelines.evolution.states import ChangeClass, State

YES = Decided(approved=True, by="ada", why="planned")
NO = Decided(approved=False, by="bob", why="too early")
WHOLE = (Executed(), Verified(), Confirmed())


def migrated(table: Table, version: str, against: str | None = None) -> None:
    table.take([published(version, against), *(then(version, change) for change in WHOLE)])


@pytest.mark.parametrize(
    ("change_class", "changes", "states"),
    [
        (ChangeClass.BACKWARD, WHOLE, ["SCHEDULED", "EXECUTED", "VERIFIED", "CONFIRMED"]),
        (ChangeClass.FORWARD, (Due("over"), *WHOLE), ["BUFFERED", "SCHEDULED", "EXECUTED", "VERIFIED", "CONFIRMED"]),
        (ChangeClass.BREAKING, (YES, Executed()), ["AWAITING_APPROVAL", "SCHEDULED", "EXECUTED"]),
        (ChangeClass.BREAKING, (NO,), ["AWAITING_APPROVAL", "REJECTED"]),
        (ChangeClass.FORWARD, (YES,), ["BUFFERED", "SCHEDULED"]),
        (ChangeClass.BACKWARD, (NO,), ["SCHEDULED", "REJECTED"]),
        (ChangeClass.BACKWARD, (Executed(), RolledBack("odd")), ["SCHEDULED", "EXECUTED", "ROLLED_BACK"]),
    ],
)
def test_a_migration_goes_its_way(change_class: ChangeClass, changes: tuple[Change, ...], states: list[str]) -> None:
    table = Table()
    table.take([published("1", None, change_class), *(then("1", change) for change in changes)])
    assert table.advanced() == states
    assert table.migration("1").state == states[-1]
    assert table.skipped() == []


def test_who_decided_why_and_when_is_kept() -> None:
    table = Table()
    table.take([published("1", None, ChangeClass.BREAKING), then("1", YES, at=5)])
    migration = table.migration("1")
    assert (migration.decided_by, migration.decided_why) == ("ada", "planned")
    assert (migration.decided_at, migration.scheduled_at, migration.validated_at) == (5, 5, 1)


@pytest.mark.parametrize(
    ("change_class", "change"),
    [
        (ChangeClass.BREAKING, Executed()),
        (ChangeClass.BREAKING, Due("over")),
        (ChangeClass.BACKWARD, YES),
        (ChangeClass.BACKWARD, Verified()),
        (ChangeClass.BACKWARD, RolledBack("odd")),
        (ChangeClass.BACKWARD, Confirmed()),
    ],
)
def test_what_does_not_fit_the_state_is_left_out(change_class: ChangeClass, change: Change) -> None:
    table = Table()
    table.take([published("1", None, change_class)])
    before = table.states.copy()
    plan = table.take([then("1", change)])
    assert (table.skipped(), table.states, plan) == (["out_of_turn"], before, [])


def test_a_decision_after_the_first_is_too_late() -> None:
    table = Table()
    table.take([published("1", None, ChangeClass.BREAKING), then("1", NO), then("1", YES), then("1", NO)])
    assert table.skipped() == ["out_of_turn"] * 2
    assert table.migration("1").decided_by == "bob"


def test_a_migration_that_nothing_tells_of_is_left_out() -> None:
    table = Table()
    table.take([then("1", Executed())])
    assert table.skipped() == ["unknown_migration"]


def test_a_version_that_the_registry_has_not_confirmed_holds_up_no_later_one() -> None:
    table = Table()
    table.take([published("1"), then("1", Executed()), then("1", Verified())])
    migrated(table, "2", against="1")
    assert [table.migration(version).state for version in "12"] == [State.VERIFIED, State.CONFIRMED]
    table.take([then("1", Confirmed())])
    assert (table.migration("1").state, table.state().current) == (State.CONFIRMED, "2")


def test_more_unconfirmed_versions_than_a_state_has_room_for_are_no_fault() -> None:
    table, before = Table(), None
    for number in range(MAX_MIGRATIONS + 2):
        version = str(number)
        table.take([published(version, before), then(version, Executed()), then(version, Verified())])
        before = version
    assert len(table.state().migrations) == MAX_MIGRATIONS
    assert table.state().current == str(MAX_MIGRATIONS + 1)


def test_a_schema_is_migrated_to_one_version_after_the_other() -> None:
    table = Table()
    table.take([published("1"), published("2", None)])
    assert table.skipped() == ["another_under_way"]
    table.take([then("1", change) for change in WHOLE])
    table.take([published("2", None)])
    assert table.skipped() == ["stale_comparison"], "it must be compared with what is current by now"
    migrated(table, "2", "1")
    assert table.state().current == "2"


def test_a_rolled_back_version_leaves_the_one_before_current() -> None:
    table = Table()
    migrated(table, "1")
    table.take([published("2", "1"), then("2", Executed()), then("2", RolledBack("odd"))])
    assert table.state().current == "1"
    assert table.migration("2").rolled_back_why == "odd"


def test_a_log_that_begins_late_is_believed() -> None:
    table = Table()
    table.take([published("8", "7")])
    assert (table.state().current, table.migration("8").from_version) == ("7", "7")


def test_told_twice_changes_nothing() -> None:
    table = Table()
    migrated(table, "1")
    before = table.states.copy()
    migrated(table, "1")
    assert table.skipped() == ["redelivered", *["out_of_turn"] * 3]
    assert table.states == before


def test_only_the_latest_migrations_are_remembered_and_older_ones_are_not_taken_up_again() -> None:
    table, before = Table(), None
    for number in range(MAX_MIGRATIONS + 5):
        migrated(table, str(number), before)
        before = str(number)
    state = table.state()
    assert len(state.migrations) == MAX_MIGRATIONS
    assert named("4") not in state.migrations
    table.take([published("4", "3")])
    assert table.skipped() == ["stale_comparison"]


def test_states_of_one_schema_do_not_touch_another() -> None:
    table = Table()
    table.take([published("1"), published("1", schema_id="other"), then("1", Executed(), schema_id="other")])
    assert table.migration("1").state is State.SCHEDULED
    assert table.migration("1", "other").state is State.EXECUTED
