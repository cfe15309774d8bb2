import asyncio
from collections.abc import Sequence

import pytest

from workers.config.worker_options import Breaker as BreakerOptions
from workers.core.errors import NeedsOperator, Refused, Retryable
from workers.engine.resilience.breaker import Breaker, BreakerState
from workers.testing import FakeClock


class Bench:
    def __init__(self, *, probes: int = 1, minimum_failures: int = 2) -> None:
        self.clock = FakeClock()
        self.states: list[BreakerState] = []
        tuning = BreakerOptions(minimum_failures=minimum_failures, half_open_probes=probes)
        self.openings = 0
        self.breaker = Breaker(lambda: tuning, self.clock, self.states.append, self.opened)
        self.under_way = self.most_under_way = 0
        self.answer = asyncio.Event()

    def opened(self) -> None:
        self.openings += 1

    async def attempt(self, *, fails: bool) -> None:
        async with self.breaker.attempt():
            if fails:
                raise Retryable("away")

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(Retryable):
                await self.attempt(fails=True)

    async def slow_attempt(self) -> None:
        async with self.breaker.attempt():
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            await self.answer.wait()
            self.under_way -= 1


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_few_failures_among_many_attempts_leave_it_closed() -> None:
    bench = Bench()
    for _ in range(100):
        await bench.attempt(fails=False)
    await bench.fail(5)
    assert bench.breaker.state is BreakerState.CLOSED


async def test_more_than_the_ratio_opens_it() -> None:
    bench = Bench()
    for _ in range(90):
        await bench.attempt(fails=False)
    await bench.fail(5)
    assert bench.breaker.state is BreakerState.OPEN


async def test_failures_older_than_the_window_are_forgotten() -> None:
    bench = Bench()
    await bench.fail(1)
    bench.clock.now = 31.0
    await bench.fail(1)
    assert bench.breaker.state is BreakerState.CLOSED


async def test_what_the_database_refuses_says_nothing_about_its_health() -> None:
    bench = Bench(minimum_failures=1)
    with pytest.raises(Refused):
        async with bench.breaker.attempt():
            raise Refused("neo4j.type", "no")
    assert bench.breaker.state is BreakerState.CLOSED


async def test_what_only_an_operator_can_mend_stops_no_other_records() -> None:
    bench = Bench(minimum_failures=1)
    for _ in range(5):
        with pytest.raises(NeedsOperator):
            async with bench.breaker.attempt():
                raise NeedsOperator("the dead letter is too large for its topic")
    assert bench.breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize(("callers", "probes"), [(20, 1), (20, 3), (2, 3)])
async def test_exactly_as_many_probes_pass_as_configured_however_many_callers_wait(callers: int, probes: int) -> None:
    bench = Bench(probes=probes)
    await bench.fail(2)
    waiting = [asyncio.create_task(bench.slow_attempt()) for _ in range(callers)]
    await turns()
    assert bench.under_way == 0
    bench.clock.now = 1.0
    async with bench.breaker._changed_state:  # noqa: SLF001 - the fake clock wakes no waiter
        bench.breaker._changed_state.notify_all()  # noqa: SLF001 - same reason as above
    await turns()
    assert bench.most_under_way == min(callers, probes)
    bench.answer.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert bench.breaker.state is BreakerState.CLOSED


async def probe_waits(bench: Bench, probes: int) -> Sequence[float]:
    """The waits before each of so many failing probes, read off the fake clock."""
    waits = []
    for _ in range(probes):
        opened_at = bench.clock.now
        bench.clock.now = bench.breaker._retry_at  # noqa: SLF001 - when the next probe is due
        waits.append(bench.clock.now - opened_at)
        await bench.fail(1)
    return waits


async def test_probes_come_after_1_2_4_8_and_again_8_seconds() -> None:
    bench = Bench()
    await bench.fail(2)
    assert await probe_waits(bench, 5) == [1.0, 2.0, 4.0, 8.0, 8.0]


async def test_a_probe_that_succeeds_closes_it_and_the_waits_start_anew() -> None:
    bench = Bench()
    await bench.fail(2)
    await probe_waits(bench, 2)
    bench.clock.now += 8.0
    await bench.attempt(fails=False)
    assert bench.breaker.state is BreakerState.CLOSED
    await bench.fail(2)
    assert await probe_waits(bench, 1) == [1.0]


async def test_a_cancelled_probe_leaves_its_place_to_the_next() -> None:
    bench = Bench()
    await bench.fail(2)
    bench.clock.now = 1.0
    probe = asyncio.create_task(bench.slow_attempt())
    await turns()
    assert bench.under_way == 1
    probe.cancel()
    await asyncio.wait({probe})
    await asyncio.wait_for(bench.attempt(fails=False), 5)
    assert bench.breaker.state is BreakerState.CLOSED


async def test_every_change_of_state_is_told() -> None:
    bench = Bench()
    await bench.fail(2)
    bench.clock.now = 1.0
    await bench.attempt(fails=False)
    assert bench.states == [BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]


async def test_an_opening_is_counted_once_an_outage() -> None:
    bench = Bench()
    for outage in (1, 2):
        await bench.fail(2)
        bench.clock.now += 10
        await bench.fail(1)
        assert (bench.breaker.state, bench.openings) == (BreakerState.OPEN, outage)
        bench.clock.now += 10
        await bench.attempt(fails=False)
        assert bench.breaker.state is BreakerState.CLOSED
