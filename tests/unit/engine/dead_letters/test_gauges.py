import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from tests.unit.engine.dead_letters.test_tally import letter
from workers.core.errors import MemoryGraphError, Misconfigured, Unreachable
from workers.core.ports import DeadLetterTopicState
from workers.core.record import ConsumedRecord
from workers.engine.dead_letters import gauges as module
from workers.engine.dead_letters.gauges import ROUND_SECONDS, DeadLetterGauges
from workers.observe.metrics import Metrics
from workers.testing import FakeClock

NAME = "events.dlq"


class Topic:
    """A dead-letter topic of one partition in memory. ``fails`` is raised by every call; ``reads`` counts letters."""

    def __init__(self) -> None:
        self.id = "id"
        self.letters: list[ConsumedRecord] = []
        self.begin = self.expiring = self.reads = 0
        self.replays: list[int] = []
        self.fails: MemoryGraphError | None = None
        self.on_read: Callable[[], None] = lambda: None

    def state(self, now_ms: int) -> DeadLetterTopicState:
        if self.fails:
            raise self.fails
        return DeadLetterTopicState(self.id, {0: self.begin}, {0: len(self.letters)}, {0: self.expiring})

    def replayed(self, topic_id: str) -> Iterator[tuple[int, int]]:
        while self.replays:
            yield 0, self.replays.pop()

    def between(self, begin: Mapping[int, int], end: Mapping[int, int]) -> Iterator[ConsumedRecord]:
        for each in self.letters[begin[0] : end[0]]:
            self.on_read()
            self.reads += 1
            yield each


class Bench:
    """Gauges over a topic, and a process that leads."""

    def __init__(self) -> None:
        self.topic, self.clock, self.metrics, self.leads = Topic(), FakeClock(), Metrics(), True
        self.gauges = DeadLetterGauges(self.topic, "events", lambda: self.leads, self.metrics, self.clock)

    def letters(self, *codes: str) -> None:
        first = len(self.topic.letters)
        self.topic.letters += [letter(first + number, code, 990_000) for number, code in enumerate(codes)]

    async def round(self) -> None:
        self.clock.now += ROUND_SECONDS
        await self.gauges.look()

    def waiting(self, code: str) -> float | None:
        return self._sample("waiting", code=code)

    def age(self, code: str) -> float | None:
        return self._sample("oldest_age_seconds", code=code)

    def near_retention(self) -> float | None:
        return self._sample("near_retention_ratio")

    def _sample(self, name: str, **labels: str) -> float | None:
        full = f"llm_memory_graph_dead_letters_{name}"
        return self.metrics.registry.get_sample_value(full, {"topic": NAME, **labels})


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_letters_are_shown_by_code_with_the_age_of_the_oldest(bench: Bench) -> None:
    bench.letters("a", "a", "b")
    bench.topic.expiring = 1
    await bench.round()
    assert (bench.waiting("a"), bench.waiting("b"), bench.waiting("c")) == (2, 1, None)
    assert bench.age("a") == 10 + ROUND_SECONDS
    assert bench.near_retention() == pytest.approx(1 / 3)


async def test_a_round_comes_every_30_seconds_and_reads_only_new_letters(bench: Bench) -> None:
    bench.letters("a", "a")
    await bench.round()
    bench.letters("a")
    bench.clock.now += ROUND_SECONDS - 1
    await bench.gauges.look()
    assert (bench.waiting("a"), bench.topic.reads) == (2, 2)
    await bench.round()
    assert (bench.waiting("a"), bench.topic.reads) == (3, 3)


async def test_replayed_and_deleted_letters_do_not_wait(bench: Bench) -> None:
    bench.letters("a", "b", "b")
    await bench.round()
    bench.topic.replays = [1]
    await bench.round()
    assert (bench.waiting("a"), bench.waiting("b")) == (1, 1)
    bench.topic.begin = 1
    await bench.round()
    assert (bench.waiting("a"), bench.age("a"), bench.waiting("b")) == (None, None, 1)
    bench.topic.begin = 3
    await bench.round()
    assert (bench.waiting("b"), bench.near_retention()) == (None, 0)


async def test_a_process_that_does_not_lead_shows_nothing_and_does_not_read_all_again_when_it_leads(
    bench: Bench,
) -> None:
    bench.leads = False
    bench.letters("a")
    await bench.round()
    assert bench.topic.reads == 0
    bench.leads = True
    await bench.round()
    bench.leads = False
    await bench.gauges.look()
    assert (bench.waiting("a"), bench.age("a"), bench.near_retention()) == (None, None, None)
    bench.leads = True
    await bench.gauges.look()
    assert (bench.waiting("a"), bench.near_retention(), bench.topic.reads) == (1, 0, 1)


async def test_counts_stay_and_ages_go_on_while_kafka_is_away(bench: Bench) -> None:
    bench.letters("a")
    await bench.round()
    age = bench.age("a") or 0
    bench.topic.fails = Unreachable("Kafka is away")
    with capture_logs() as logs:
        await bench.round()
        await bench.round()
    assert (bench.waiting("a"), bench.age("a"), bench.near_retention()) == (1, age + 2 * ROUND_SECONDS, 0)
    assert [each["event"] for each in logs] == ["dead letters cannot be counted"]
    bench.topic.fails = None
    bench.letters("a")
    await bench.round()
    assert bench.waiting("a") == 2


async def test_what_was_read_before_kafka_went_away_is_not_read_again(bench: Bench) -> None:
    bench.letters("a", "a", "a")

    def away() -> None:
        if bench.topic.reads == 2:
            raise Unreachable("Kafka is away")

    bench.topic.on_read = away
    await bench.round()
    assert (bench.waiting("a"), bench.near_retention()) == (None, None), "nothing is shown before all was read"
    bench.topic.on_read = lambda: None
    await bench.round()
    assert (bench.waiting("a"), bench.topic.reads) == (3, 3)


async def test_a_topic_that_is_gone_shows_nothing_and_one_that_was_created_again_is_read_from_its_beginning(
    bench: Bench,
) -> None:
    bench.letters("a", "a")
    bench.topic.replays = [0]
    await bench.round()
    bench.topic.fails = Misconfigured("there is no topic")
    await bench.round()
    assert (bench.waiting("a"), bench.near_retention()) == (None, None)
    bench.topic.fails, bench.topic.id, bench.topic.letters = None, "another", []
    bench.letters("b", "b", "b")
    await bench.round()
    assert (bench.waiting("a"), bench.waiting("b")) == (None, 3)


async def test_codes_come_and_go_without_end_and_each_is_shown(bench: Bench) -> None:
    for number in range(100):
        bench.letters(f"code.{number}")
        await bench.round()
        assert bench.waiting(f"code.{number}") == 1
        bench.topic.begin += 1


async def test_lost_leadership_ends_a_long_reading(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP_RECORDS", 2)
    monkeypatch.setattr(module, "STEP_PAUSE_SECONDS", 0.0)
    bench.letters(*"aaaaaa")

    def lose() -> None:
        bench.leads = bench.topic.reads < 3

    bench.topic.on_read = lose
    await bench.round()
    assert (bench.topic.reads, bench.near_retention()) == (4, None)
    bench.leads, bench.topic.on_read = True, lambda: None
    await bench.round()
    assert (bench.waiting("a"), bench.topic.reads) == (6, 6)


async def test_the_end_of_the_process_ends_a_long_reading(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP_RECORDS", 2)
    monkeypatch.setattr(module, "STEP_PAUSE_SECONDS", 60.0)
    bench.letters(*"aaaaaa")
    loop, reading = asyncio.get_running_loop(), asyncio.Event()

    def note() -> None:
        loop.call_soon_threadsafe(reading.set)

    bench.topic.on_read = note
    running = asyncio.create_task(bench.gauges.run())
    await reading.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    async with asyncio.timeout(30):
        await loop.shutdown_default_executor()
    assert bench.topic.reads == 2
