import pytest

from workers.config.worker_options import DeadLetterLimit
from workers.engine.health import WorkerHealth
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter, DeadLetterLimitExceeded
from workers.testing import PARTITION, FakeClock


def limiter(health: WorkerHealth, clock: FakeClock) -> DeadLetterLimiter:
    return DeadLetterLimiter(lambda: DeadLetterLimit(ratio=0.5, window_seconds=60, minimum=10), clock, health)


def batch(limiter: DeadLetterLimiter, good: int, bad: int) -> None:
    """Count a batch as the delivery does."""
    limiter.received(good + bad)
    limiter.admit(bad)
    if good:
        limiter.accepted()


def test_bad_records_among_good_ones_pass() -> None:
    clock = FakeClock()
    watch = limiter(WorkerHealth(clock), clock)
    for _ in range(100):
        batch(watch, 5, 5)


def test_a_few_bad_records_on_a_quiet_topic_pass() -> None:
    clock = FakeClock()
    batch(limiter(WorkerHealth(clock), clock), 0, 9)


def test_above_the_limit_nothing_passes_any_more_and_the_worker_says_why() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    watch = limiter(health, clock)
    with pytest.raises(DeadLetterLimitExceeded):
        batch(watch, 0, 10)
    with pytest.raises(DeadLetterLimitExceeded):
        batch(watch, 1_000, 0)
    assert any("10 records were rejected within 60 s" in reason for reason in health.unready())


def test_after_many_good_records_those_that_all_fail_stop_the_worker_too() -> None:
    clock = FakeClock()
    watch = limiter(WorkerHealth(clock), clock)
    batch(watch, 100_000, 0)
    batch(watch, 0, 9)
    batch(watch, 1, 0)
    batch(watch, 0, 9)
    with pytest.raises(DeadLetterLimitExceeded):
        batch(watch, 0, 1)


def test_a_worker_above_the_limit_does_not_ask_for_a_restart() -> None:
    clock = FakeClock()
    health = WorkerHealth(clock)
    health.partition(PARTITION).working()
    with pytest.raises(DeadLetterLimitExceeded):
        batch(limiter(health, clock), 0, 10)
    clock.now = 10_000.0
    assert health.unhealthy() == []


def test_records_older_than_the_window_do_not_count() -> None:
    clock = FakeClock()
    watch = limiter(WorkerHealth(clock), clock)
    batch(watch, 0, 9)
    clock.now = 61.0
    batch(watch, 0, 9)
