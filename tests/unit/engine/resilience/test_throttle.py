import asyncio

from workers.config.worker_options import Throttle as ThrottleOptions
from workers.engine.resilience.throttle import Throttle
from workers.testing import FakeClock


def throttle(clock: FakeClock) -> Throttle:
    tuning = ThrottleOptions(baseline_rows_per_second=1_000, max_rows_per_second=3_000, target_commit_ms=500)
    return Throttle(lambda: tuning, clock)


async def raised(bucket: Throttle, clock: FakeClock) -> None:
    """Let a quick commit raise the rate."""
    clock.now += 1.0
    await bucket.take(int(bucket.rows_per_second) + 1)
    bucket.committed(seconds=0.01)


async def test_a_second_s_worth_of_rows_passes_at_once() -> None:
    await asyncio.wait_for(throttle(FakeClock()).take(1_000), 5)


async def test_more_has_to_wait_in_proportion() -> None:
    bucket = throttle(FakeClock())
    await bucket.take(1_000)
    started = asyncio.get_running_loop().time()
    await bucket.take(20)
    assert asyncio.get_running_loop().time() - started >= 0.019


async def test_quick_commits_raise_the_rate_only_while_somebody_has_to_wait_and_never_above_the_limit() -> None:
    clock = FakeClock()
    bucket = throttle(clock)
    clock.now = 1.0
    bucket.committed(seconds=0.01)
    assert bucket.rows_per_second == 1_000
    await raised(bucket, clock)
    assert bucket.rows_per_second == 2_000
    await raised(bucket, clock)
    assert bucket.rows_per_second == 3_000


async def test_what_the_database_can_take_is_found_within_a_few_commits_of_one_moment() -> None:
    bucket = throttle(FakeClock())
    await bucket.take(1_000)
    for _ in range(2):
        await bucket.take(1)
        bucket.committed(seconds=0.01)
    assert bucket.rows_per_second == 3_000


async def test_after_the_first_slow_commit_the_rate_rises_by_half_at_most_twice_a_second() -> None:
    clock = FakeClock()
    bucket = throttle(clock)
    bucket.committed(seconds=2.0)
    rates = []
    for _ in range(2):
        await raised(bucket, clock)
        await bucket.take(1)
        bucket.committed(seconds=0.01)
        rates.append(bucket.rows_per_second)
    assert rates == [1_500, 2_250]


async def test_slow_commits_lower_the_rate_again_but_never_below_the_baseline() -> None:
    clock = FakeClock()
    bucket = throttle(clock)
    await raised(bucket, clock)
    rates = []
    for _ in range(3):
        clock.now += 1.0
        bucket.committed(seconds=2.0)
        rates.append(bucket.rows_per_second)
    assert rates == [1_400, 1_000, 1_000]


async def test_one_burst_of_slow_commits_lowers_the_rate_once() -> None:
    clock = FakeClock()
    bucket = throttle(clock)
    await raised(bucket, clock)
    clock.now += 1.0
    for _ in range(10):
        bucket.committed(seconds=2.0)
    assert bucket.rows_per_second == 1_400
