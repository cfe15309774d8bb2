from tests.unit.pipelines.registry.jobs.examples import HOUR, MINUTE, START, USAGE
from workers.pipelines.registry.jobs.usage_periods import past_periods, recent_periods
from workers.pipelines.registry.options import Usage

DAY = 24 * HOUR


def test_it_looks_back_as_far_as_calls_may_come_late() -> None:
    asked = recent_periods(USAGE).query(START).parameters
    assert (asked["since"], asked["until"]) == (START - DAY - HOUR - 10 * MINUTE, START - 10 * MINUTE)
    long = Usage(window_minutes=60, late_minutes=0, restate_hours=7 * 24)
    assert recent_periods(long).query(START).parameters["since"] == START - 7 * DAY - HOUR


def test_history_is_looked_through_from_its_beginning_and_seldom() -> None:
    assert past_periods(USAGE).query(START).parameters["since"] == 0
    assert past_periods(USAGE).every_seconds > recent_periods(USAGE).every_seconds


def test_what_is_found_is_written_down_and_nothing_where_there_is_none() -> None:
    assert list(recent_periods(USAGE).steps([], START)) == []
    (step,) = recent_periods(USAGE).steps([{"start": START}, {"start": START + HOUR}], START + DAY)
    assert step.record is not None
    assert step.record.parameters == {"starts": [START, START + HOUR], "length": HOUR, "now": START + DAY}
