from typing import Any

import pytest

from tests.unit.pipelines.evolution.decisions import named, parsed
from workers.core.fingerprint import fingerprint
from workers.core.job import Call, Publish, Step
from workers.core.metric import Measurement
from workers.core.reference import Query
from workers.pipelines.evolution.events import Change, Confirmed, Decided, Due, Executed, RolledBack, Verified
from workers.pipelines.evolution.jobs.advance_migrations import AdvanceMigrations
from workers.pipelines.evolution.jobs.count_waiting import CountWaiting
from workers.pipelines.evolution.jobs.queries import WAITING
from workers.pipelines.evolution.metrics import MIGRATIONS_WAITING

CONTENTS = '{"type": "object"}'
ROW: dict[str, Any] = {
    "migration_id": named("a/2"),
    "schema_id": "tool",
    "version": "a/2",
    "hash": fingerprint(CONTENTS),
    "state": "SCHEDULED",
    "from_version": "1",
    "change_class": "breaking",
    "why": "because",
    "obstacle": None,
    "unknown": [],
    "decided_by": "ada",
    "decided_why": "planned",
    "executed_at": 3,
    "refusals": 0,
    "currents": ["a/2"],
    "json_schema": CONTENTS,
    "left_behind": [],
    "without_version": [],
}


def step(*, has_api: bool = False, **row: Any) -> Step:
    (taken,) = AdvanceMigrations("log", 300_000, has_api).steps([ROW | row], 9)
    return taken


def told(**row: Any) -> Change:
    """Return the one event that the step puts into the log."""
    (effect,) = step(**row).effects
    assert isinstance(effect, Publish)
    assert (effect.topic, effect.key) == ("log", b"tool")
    event = parsed(effect.record_name, effect.fields)
    assert (event.migration_id, event.at) == (named("a/2"), 9)
    assert effect.baggage == {"event_type": event.event_type}
    return event.change


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ({"state": "BUFFERED"}, Due("the registry knows all its models")),
        ({"state": "BUFFERED", "unknown": ["m"]}, Due("the wait has ended; the registry does not know m")),
        ({"state": "SCHEDULED"}, Executed()),
        ({"state": "EXECUTED"}, Verified()),
        ({"state": "SCHEDULED", "obstacle": "it was deleted"}, Decided(False, "memory-graph", "it was deleted")),  # noqa: FBT003 - a field
        ({"state": "BUFFERED", "obstacle": "it is old"}, Decided(False, "memory-graph", "it is old")),  # noqa: FBT003 - same reason as above
    ],
)
def test_each_state_has_its_next_step(row: dict[str, Any], change: Change) -> None:
    assert told(**row) == change


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"currents": []}, "current versions are [], not only a/2"),
        ({"currents": ["1", "a/2"]}, "current versions are ['1', 'a/2']"),
        ({"json_schema": "{}"}, "has the hash"),
        ({"json_schema": None}, "has the hash None"),
        ({"left_behind": ["m", "n", "o", "p"]}, "m, n, o and 1 more models still use 1"),
        ({"without_version": ["m"]}, "m do not use a/2"),
    ],
)
def test_what_is_not_as_it_should_be_is_rolled_back(row: dict[str, Any], why: str) -> None:
    change = told(state="EXECUTED", **row)
    assert isinstance(change, RolledBack)
    assert why in change.why


def test_once_told_the_graph_remembers_it_for_this_state_alone() -> None:
    record = step().record
    assert record is not None
    assert record.parameters == {"migration_id": named("a/2"), "state": "SCHEDULED", "now": 9}


def test_a_breaking_change_is_notified_and_then_no_more() -> None:
    taken = step(state="AWAITING_APPROVAL")
    (effect,) = taken.effects
    assert isinstance(effect, Publish)
    assert (effect.topic, effect.fields["why"]) == ("schema-notifications", "because")
    assert effect.baggage is None, "a notification is no event of the log"
    assert taken.record is not None
    assert "notified_at" in taken.record.cypher


@pytest.mark.parametrize("has_api", [True, False])
def test_the_registry_is_told_before_the_log_is(*, has_api: bool) -> None:
    confirm, event = step(state="VERIFIED", has_api=has_api).effects
    assert isinstance(event, Publish)
    assert parsed(event.record_name, event.fields).change == Confirmed()
    if isinstance(confirm, Call):
        assert has_api
        assert (confirm.method, confirm.path) == ("POST", "/api/v1/registry/schemas/tool/versions/a%2F2/migrations")
        assert confirm.idempotency_key == f"{named('a/2')}/confirmed"
        assert (confirm.body["status"], confirm.body["decided_by"]) == ("completed", "ada")
    else:
        assert isinstance(confirm, Publish)
        assert not has_api
        assert (confirm.topic, confirm.fields["hash"]) == ("registry-confirmations", ROW["hash"])


@pytest.mark.parametrize(("refusals", "minutes"), [(0, 1), (1, 2), (3, 8), (50, 7 * 24 * 60)])
def test_a_confirmation_that_the_registry_refuses_is_sent_again_after_growing_waits(
    refusals: int, minutes: int
) -> None:
    postponed = step(state="VERIFIED", has_api=True, refusals=refusals).refused
    assert postponed is not None
    assert postponed.parameters == {
        "migration_id": named("a/2"),
        "refusals": refusals + 1,
        "confirm_at": 9 + minutes * 60_000,
    }
    assert "$refused_why" in postponed.cypher
    assert step(state="EXECUTED").refused is None, "only the registry refuses for a reason of its own"


def test_what_is_told_twice_has_the_same_id() -> None:
    (one,), (other,) = step().effects, step().effects
    assert isinstance(one, Publish)
    assert isinstance(other, Publish)
    assert one.fields["event_id"] == other.fields["event_id"] == f"{named('a/2')}/MigrationExecuted"


def test_a_forward_change_waits_for_as_long_as_it_is_told_to() -> None:
    assert AdvanceMigrations("log", 300_000, has_api=False).query(300_007).parameters["buffered_before"] == 7


def test_what_waits_for_approval_is_counted() -> None:
    assert CountWaiting().query(0) == Query(WAITING, {})
    (taken,) = CountWaiting().steps([{"waiting": 2}], 0)
    assert (list(taken.effects), taken.record) == ([Measurement(MIGRATIONS_WAITING, 2)], None)
