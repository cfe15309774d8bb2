from random import Random

from hypothesis import given
from hypothesis import strategies as st

from workers.core.job import Step
from workers.core.metric import Measurement
from workers.pipelines.audit.alerts.alert import Access, Accesses
from workers.pipelines.audit.alerts.options import Alerts, Denials, ManyContents, UnusualHour
from workers.pipelines.audit.alerts.rules import BURST, MANY_CONTENTS, UNUSUAL_HOUR, alerts_of
from workers.pipelines.audit.jobs.key_age import MeasureKeyAge
from workers.pipelines.audit.jobs.security_alerts import CountAlerts, RaiseAlerts
from workers.pipelines.audit.metrics import KEY_AGE

MINUTE = 60_000
HOUR = 60 * MINUTE
MIDNIGHT = 1_762_387_200_000
"""2025-11-06T00:00:00Z: the beginning of a window of any length that divides a day."""
OPTIONS = Alerts(
    denials=Denials(count=3, within_minutes=10),
    many_contents=ManyContents(count=4, within_minutes=10),
    unusual_hour=UnusualHour(history_events=20, percent=5),
)


def denied(minutes: float, classification: str | None = "restricted") -> Access:
    return Access("access.denied", MIDNIGHT + round(minutes * MINUTE), classification, "c")


def read(minutes: float, content: str) -> Access:
    return Access("content.read", MIDNIGHT + round(minutes * MINUTE), None, content)


def raised(*around: Access, hours: list[int] | None = None, options: Alerts = OPTIONS) -> list[tuple[str, int, int]]:
    """Return rule, minute and number of events of each alert."""
    ordered = sorted(around, key=lambda each: each.at)
    found = alerts_of(Accesses("ada", ordered, ordered, hours or []), options)
    return [(each.rule, (each.at - MIDNIGHT) // MINUTE, each.events) for each in found]


def test_denials_within_a_window_are_a_burst_and_the_same_spread_out_are_none() -> None:
    assert raised(denied(0), denied(5), denied(9.9)) == [(BURST, 9, 3)]
    assert raised(denied(0), denied(5), denied(10)) == [], "the window does not include its beginning"
    assert raised(denied(0), denied(5)) == []


def test_denials_of_different_classifications_are_counted_apart() -> None:
    assert raised(denied(0), denied(1, "pii"), denied(2), denied(3, "pii")) == []
    assert raised(denied(0, None), denied(1, None), denied(2, None)) == [(BURST, 2, 3)]


def test_a_burst_that_goes_on_is_one_alert_a_window_with_the_highest_number() -> None:
    assert raised(*(denied(minute) for minute in range(20))) == [(BURST, 2, 10), (BURST, 10, 10)]


def test_many_different_contents_raise_an_alert_and_one_content_read_often_does_not() -> None:
    assert raised(*(read(minute, f"p{minute}") for minute in range(4))) == [(MANY_CONTENTS, 3, 4)]
    assert raised(*(read(minute, f"p{minute % 3}") for minute in range(9))) == []
    assert raised(*(read(minute * 4, f"p{minute}") for minute in range(9))) == []


def test_an_access_at_an_hour_without_history_is_unusual_and_one_beside_the_usual_hours_is_not() -> None:
    office = [9, 10, 11, 14, 15] * 8
    assert raised(read(3 * 60, "p"), hours=office) == [(UNUSUAL_HOUR, 180, 0)]
    assert raised(read(8 * 60, "p"), hours=office) == []
    assert raised(read(16 * 60 + 59, "p"), hours=office) == []
    assert raised(read(17 * 60, "p"), hours=office) == [(UNUSUAL_HOUR, 1020, 0)]
    assert raised(read(3 * 60, "p"), hours=office[:19]) == [], "too little is known of the user"


def test_a_rare_hour_is_unusual_below_its_percentage() -> None:
    assert raised(read(3 * 60, "p"), hours=[10] * 96 + [2, 3, 3, 4]) == [(UNUSUAL_HOUR, 180, 4)]
    assert raised(read(3 * 60, "p"), hours=[10] * 95 + [2, 3, 3, 4, 4]) == []
    assert raised(read(0, "p"), hours=[23] * 20) == [], "the hours of a day are a circle"


def test_an_exempt_user_raises_nothing() -> None:
    exempt = OPTIONS.model_copy(update={"exempt_users": ["ada"]})
    assert raised(denied(0), denied(1), denied(2), options=exempt) == []
    assert raised(denied(0), denied(1), denied(2)) != []


def test_users_rules_classifications_and_windows_have_alerts_of_their_own() -> None:
    around = [denied(0), denied(1), denied(2), denied(1, "pii"), denied(2, "pii"), denied(3, "pii")]
    ids = [each.id for user in ("a/b", "a") for each in alerts_of(Accesses(user, around, around, []), OPTIONS)]
    assert len(set(ids)) == 4
    assert f"denial_burst/a%2Fb/restricted/{MIDNIGHT}" in ids


@given(st.integers(0, 2**32).map(Random))
def test_windows_hold_what_a_search_through_all_accesses_finds(random: Random) -> None:
    around = sorted(
        (denied(random.randrange(60), random.choice(["pii", None])) for _ in range(random.randrange(40))),
        key=lambda each: each.at,
    )
    highest: dict[tuple[str | None, int], int] = {}
    for end in around:
        within = [
            each
            for each in around
            if each.classification == end.classification and end.at - 10 * MINUTE < each.at <= end.at
        ]
        if len(within) >= 3:
            window = (end.classification, end.at // (10 * MINUTE))
            highest[window] = max(highest.get(window, 0), len(within))
    found = alerts_of(Accesses("ada", around, around, []), OPTIONS)
    assert {(each.classification, each.at // (10 * MINUTE)): each.events for each in found} == highest


def test_a_round_raises_the_alerts_and_remembers_what_it_examined() -> None:
    job = RaiseAlerts("audit-events", OPTIONS)
    accesses = [list(denied(minute)) for minute in range(3)]
    user = {"user_id": "ada", "fresh": accesses[2:], "around": accesses, "hours": []}
    (step,) = job.steps([{"chains": [{"id": "audit-events/0/1", "through": 3}], "users": [user]}], 0)
    assert isinstance(step, Step)
    assert step.record is not None
    assert step.effects == []
    assert step.record.parameters["chains"] == [{"id": "audit-events/0/1", "through": 3}]
    (alert,) = step.record.parameters["alerts"]
    assert (alert["rule"], alert["user_id"], alert["events"]) == (BURST, "ada", 3)
    assert list(job.steps([], 0)) == []


def test_the_query_looks_as_far_around_as_the_longest_window() -> None:
    options = OPTIONS.model_copy(update={"many_contents": ManyContents(count=4, within_minutes=60)})
    assert RaiseAlerts("t", options).query(0).parameters["window"] == HOUR
    assert RaiseAlerts("t", OPTIONS).query(0).parameters["window"] == 10 * MINUTE


def test_a_rule_without_recent_alerts_is_measured_as_zero() -> None:
    (step,) = CountAlerts().steps([{"rule": BURST, "alerts": 2}], MIDNIGHT)
    assert isinstance(step, Step)
    assert {each.labels: each.value for each in step.effects if isinstance(each, Measurement)} == {
        (BURST,): 2,
        (MANY_CONTENTS,): 0,
        (UNUSUAL_HOUR,): 0,
    }
    assert CountAlerts().query(MIDNIGHT).parameters == {"since": MIDNIGHT - HOUR}


def test_the_age_of_the_oldest_key_is_measured_in_days_once_a_key_was_rotated() -> None:
    (step,) = MeasureKeyAge().steps([{"rotated": MIDNIGHT}], MIDNIGHT + 36 * HOUR)
    assert isinstance(step, Step)
    assert step.effects == [Measurement(KEY_AGE, 1.5)]
    assert list(MeasureKeyAge().steps([{"rotated": None}], MIDNIGHT)) == []
