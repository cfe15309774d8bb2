from workers.dev.sample.pace import YIELD_EVERY, paced


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


async def test_the_nth_item_is_due_n_over_rate_seconds_after_the_first() -> None:
    clock = FakeClock()
    times = [round(clock.seconds, 6) async for _ in paced(range(5), 10, clock=clock, sleep=clock.sleep)]
    assert times == [0.0, 0.1, 0.2, 0.3, 0.4]


async def test_a_late_item_does_not_delay_those_after_it() -> None:
    clock, times = FakeClock(), []
    async for item in paced(range(5), 10, clock=clock, sleep=clock.sleep):
        times.append(round(clock.seconds, 6))
        if item == 0:
            clock.seconds += 0.25
    assert times == [0.0, 0.25, 0.25, 0.3, 0.4]


async def test_without_a_rate_nothing_waits_but_others_have_their_turn() -> None:
    clock = FakeClock()
    assert len([item async for item in paced(range(2 * YIELD_EVERY), 0, clock=clock, sleep=clock.sleep)]) == 200
    assert clock.slept == [0.0, 0.0]
