import pytest

from tests.unit.engine.fakes import FakeClock
from workers.config.tuning import DeadLetterLimit
from workers.engine.health import WorkerHealth
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter, DeadLetterLimitExceeded


def flood(condition: WorkerHealth, clock: FakeClock) -> DeadLetterLimiter:
    return DeadLetterLimiter(DeadLetterLimit(ratio=0.5, window_seconds=60, minimum=10), clock, condition)


def test_bad_records_among_good_ones_pass() -> None:
    clock = FakeClock()
    watch = flood(WorkerHealth(clock), clock)
    for _ in range(100):
        watch.admit(100, 50)


def test_a_few_bad_records_on_a_quiet_topic_pass() -> None:
    clock = FakeClock()
    flood(WorkerHealth(clock), clock).admit(9, 9)


def test_beyond_the_limit_nothing_passes_any_more_and_the_worker_says_why() -> None:
    clock = FakeClock()
    condition = WorkerHealth(clock)
    watch = flood(condition, clock)
    with pytest.raises(DeadLetterLimitExceeded):
        watch.admit(10, 10)
    with pytest.raises(DeadLetterLimitExceeded):
        watch.admit(1_000, 0)
    assert any("10 records were turned away within 60 s" in reason for reason in condition.unready())


def test_a_restart_by_kubernetes_would_only_begin_again_and_is_not_asked_for() -> None:
    clock = FakeClock()
    condition = WorkerHealth(clock)
    condition.working()
    with pytest.raises(DeadLetterLimitExceeded):
        flood(condition, clock).admit(10, 10)
    clock.now = 10_000.0
    assert condition.unhealthy() == []


def test_records_older_than_the_window_do_not_count() -> None:
    clock = FakeClock()
    watch = flood(WorkerHealth(clock), clock)
    watch.admit(9, 9)
    clock.now = 61.0
    watch.admit(9, 9)
