import pytest

from workers.config.worker_options import DeadLetterLimit
from workers.engine.health import WorkerHealth
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter, DeadLetterLimitExceeded
from workers.testing import FakeClock


def limiter(health: WorkerHealth, clock: FakeClock) -> DeadLetterLimiter:
    return DeadLetterLimiter(DeadLetterLimit(ratio=0.5, window_seconds=60, minimum=10), clock, health)


def test_bad_records_among_good_ones_pass() -> None:
    clock = FakeClock()
    watch = limiter(WorkerHealth(clock), clock)
    for _ in range(100):
        watch.admit(100, 50)


def test_a_few_bad_records_on_a_quiet_topic_pass() -> None:
    clock = FakeClock()
    limiter(WorkerHealth(clock), clock).admit(9, 9)


def test_above_the_limit_nothing_passes_any_more_and_the_worker_says_why() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    watch = limiter(health, clock)
    with pytest.raises(DeadLetterLimitExceeded):
        watch.admit(10, 10)
    with pytest.raises(DeadLetterLimitExceeded):
        watch.admit(1_000, 0)
    assert any("10 records were rejected within 60 s" in reason for reason in health.unready())


def test_a_worker_above_the_limit_does_not_ask_for_a_restart() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    health.working()
    with pytest.raises(DeadLetterLimitExceeded):
        limiter(health, clock).admit(10, 10)
    clock.now = 10_000.0
    assert health.unhealthy() == []


def test_records_older_than_the_window_do_not_count() -> None:
    clock = FakeClock()
    watch = limiter(WorkerHealth(clock), clock)
    watch.admit(9, 9)
    clock.now = 61.0
    watch.admit(9, 9)
