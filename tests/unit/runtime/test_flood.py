import pytest

from tests.unit.runtime.fakes import FakeClock
from workers.config.tuning import DeadLetterLimit
from workers.runtime.condition import Condition
from workers.runtime.flood import Flood, Flooded


def flood(condition: Condition, clock: FakeClock) -> Flood:
    return Flood(DeadLetterLimit(ratio=0.5, window_seconds=60, minimum=10), clock, condition)


def test_bad_records_among_good_ones_pass() -> None:
    clock = FakeClock()
    watch = flood(Condition(clock), clock)
    for _ in range(100):
        watch.admit(100, 50)


def test_a_few_bad_records_on_a_quiet_topic_pass() -> None:
    clock = FakeClock()
    flood(Condition(clock), clock).admit(9, 9)


def test_beyond_the_limit_nothing_passes_any_more_and_the_worker_says_why() -> None:
    clock = FakeClock()
    condition = Condition(clock)
    watch = flood(condition, clock)
    with pytest.raises(Flooded):
        watch.admit(10, 10)
    with pytest.raises(Flooded):
        watch.admit(1_000, 0)
    assert any("10 records were turned away within 60 s" in reason for reason in condition.unready())


def test_a_restart_by_kubernetes_would_only_begin_again_and_is_not_asked_for() -> None:
    clock = FakeClock()
    condition = Condition(clock)
    condition.working()
    with pytest.raises(Flooded):
        flood(condition, clock).admit(10, 10)
    clock.now = 10_000.0
    assert condition.unhealthy() == []


def test_records_older_than_the_window_do_not_count() -> None:
    clock = FakeClock()
    watch = flood(Condition(clock), clock)
    watch.admit(9, 9)
    clock.now = 61.0
    watch.admit(9, 9)
