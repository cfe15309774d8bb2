import asyncio

from tests.unit.runtime.fakes import FakeClock
from workers.config.tuning import Throttle as ThrottleTuning
from workers.runtime.throttle import Throttle


def throttle(clock: FakeClock) -> Throttle:
    return Throttle(ThrottleTuning(rows_per_second=1_000, target_commit_ms=500), clock)


async def test_a_second_s_worth_of_rows_passes_at_once() -> None:
    await asyncio.wait_for(throttle(FakeClock()).take(1_000), 5)


async def test_more_has_to_wait_in_proportion() -> None:
    bucket = throttle(FakeClock())
    await bucket.take(1_000)
    started = asyncio.get_running_loop().time()
    await bucket.take(20)
    assert asyncio.get_running_loop().time() - started >= 0.019


async def test_slow_commits_lower_the_rate_but_never_to_nothing() -> None:
    clock = FakeClock()
    bucket = throttle(clock)
    for second in range(1, 100):
        clock.now = float(second)
        bucket.committed(seconds=2.0)
        if second == 1:
            assert bucket.rows_per_second == 700
    assert bucket.rows_per_second == 100


async def test_quick_commits_raise_the_rate_only_while_somebody_has_to_wait() -> None:
    clock = FakeClock()
    bucket = throttle(clock)
    clock.now = 1.0
    bucket.committed(seconds=0.01)
    assert bucket.rows_per_second == 1_000
    await bucket.take(1_001)
    bucket.committed(seconds=0.01)
    assert bucket.rows_per_second == 1_500


async def test_one_burst_of_slow_commits_lowers_the_rate_once() -> None:
    clock = FakeClock()
    bucket = throttle(clock)
    clock.now = 1.0
    for _ in range(10):
        bucket.committed(seconds=2.0)
    assert bucket.rows_per_second == 700
