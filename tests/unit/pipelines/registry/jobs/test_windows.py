import json
from typing import Any

from hypothesis import given

from tests.model.naive_usage import naive_usage
from tests.unit.pipelines.registry.jobs.examples import CALLS, HOUR, MINUTE, START, USAGE, answered
from workers.pipelines.registry.jobs.usage_windows import CountUsage, changed_rows, next_count
from workers.pipelines.registry.options import Usage

NAMES = ("total_invocations", "unique_users", "avg_latency_ms", "error_rate")


def metrics(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in NAMES} | {"top_use_cases": json.loads(row["top_use_cases"])}


def written(rows: list[dict[str, Any]], known: dict[str, Any]) -> dict[str, Any]:
    """What the graph knows of the window's models once the rows are written."""
    return known | {row["model_id"]: row for row in rows}


@given(CALLS)
def test_what_is_stated_is_the_naive_count(calls: list[dict[str, Any]]) -> None:
    rows = list(changed_rows(answered(calls)))
    expected = {model_id: count for (model_id, _), count in naive_usage(calls, HOUR, USAGE.top_use_cases).items()}
    assert {row["model_id"]: metrics(row) for row in rows} == expected
    assert all(row["revision"] == 1 for row in rows)
    assert [row["id"] for row in rows] == [f"{model_id}@2025-11-06T20:00:00Z" for model_id in sorted(expected)]


@given(CALLS, CALLS)
def test_only_what_has_changed_is_stated_anew_and_what_is_gone_as_nothing(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    known = written(list(changed_rows(answered(before))), {})
    again = list(changed_rows(answered(after, known.values())))
    now = written(again, known)
    counts = {model_id: count for (model_id, _), count in naive_usage(after, HOUR, USAGE.top_use_cases).items()}
    for model_id in known.keys() | counts.keys():
        total = metrics(now[model_id])
        assert total == counts.get(model_id, total | {"total_invocations": 0, "error_rate": 0.0})
    for row in again:
        earlier = known.get(row["model_id"])
        assert row["revision"] == (earlier["revision"] + 1 if earlier else 1)
        assert earlier is None or metrics(row) != metrics(earlier)
    assert list(changed_rows(answered(after, now.values()))) == []


def test_a_statement_is_named_after_what_it_says_and_one_back_to_earlier_numbers_has_another_name() -> None:
    call = {
        "model_id": "a",
        "timestamp": START,
        "user_id": None,
        "use_case": None,
        "latency_ms": None,
        "status": "STARTED",
    }
    one = list(changed_rows(answered([call])))
    assert one == list(changed_rows(answered([call])))
    two = list(changed_rows(answered([call, call], one)))
    back = list(changed_rows(answered([call], two)))
    assert len({one[0]["stats_id"], two[0]["stats_id"], back[0]["stats_id"]}) == 3
    assert one[0]["digest"] == back[0]["digest"]


def test_a_window_is_counted_again_twice_as_late_each_time_and_once_more_at_the_end() -> None:
    at, minutes = START, []
    while (following := next_count(START, at, USAGE)) is not None:
        at = following
        minutes.append((at - START) // MINUTE)
    assert minutes == [10, 20, 40, 80, 160, 320, 640, 1280, 1440]


def test_it_is_never_counted_again_at_once() -> None:
    usage = Usage(window_minutes=60, late_minutes=0, restate_hours=1)
    assert next_count(START, START, usage) == START + MINUTE


def test_after_an_outage_past_the_end_it_is_not_counted_again() -> None:
    assert next_count(START, START + 25 * HOUR, USAGE) is None
    assert next_count(START, START, Usage(window_minutes=60, late_minutes=0, restate_hours=0)) is None


def test_the_first_count_is_remembered_and_the_next_one_planned() -> None:
    (step,) = CountUsage(USAGE).steps([answered([])], START + 2 * HOUR)
    assert step.record is not None
    first = step.record.parameters
    assert (first["counted_at"], first["count_at"]) == (START + 2 * HOUR, START + 2 * HOUR + 10 * MINUTE)
    (step,) = CountUsage(USAGE).steps([answered([]) | {"counted_at": START + HOUR}], START + 2 * HOUR)
    assert step.record is not None
    again = step.record.parameters
    assert (again["counted_at"], again["count_at"]) == (START + HOUR, START + 3 * HOUR)
    assert step.effects == []
