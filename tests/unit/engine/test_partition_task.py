import asyncio
from collections.abc import Callable

import pytest

from tests.unit.engine.fakes import (
    TOY,
    TP,
    FakeChangelog,
    FakeDeadLetters,
    FakeGraph,
    FakeTable,
    JsonDecoder,
    add,
    closed_breakers,
)
from workers.config.tuning import NEVER, Batch, State, WorkerTuning
from workers.config.tuning import Retry as RetryTuning
from workers.core.clock import SystemClock
from workers.core.errors import Retryable
from workers.core.record import ConsumedRecord, TopicPartition
from workers.engine import partition_task
from workers.engine.assignment import Assignment
from workers.engine.batch.delivery import Sinks
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk
from workers.engine.health import WorkerHealth
from workers.engine.partition_task import MS_PER_HOUR, ChunkDropped, PartitionContext
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry
from workers.engine.resilience.throttle import Throttle
from workers.engine.state.table import StateTable
from workers.observe.metrics import Metrics
from workers.observe.tracing import NoTracing


class KnownTopic:
    """A topic that is never recreated."""

    def forget(self) -> None:
        return None

    async def of(self, topic: str) -> str:
        return f"id of {topic}"


class Bench:
    """An assignment over fakes."""

    def __init__(self, max_wait_ms: int = 1, ttl_hours: int = 24) -> None:
        self.journal: list[str] = []
        self.graph = FakeGraph(self.journal)
        self.dead_letters = FakeDeadLetters(self.journal)
        clock, metrics = SystemClock(), Metrics()
        self.condition = WorkerHealth(clock)
        tuning = WorkerTuning(
            topic=TP.topic,
            group="toy",
            batch=Batch(max_rows=3, max_wait_ms=max_wait_ms),
            retry=RetryTuning(initial_ms=1),
            state=State(ttl_hours=ttl_hours),
        )
        self.states = StateTable(FakeTable(), FakeChangelog(self.journal))
        sinks = Sinks(
            writer=self.graph,
            dead_letters=self.dead_letters,
            states=self.states,
            retry=Retry("toy", tuning.retry, closed_breakers(), self.condition, metrics),
            throttle=Throttle(tuning.throttle, clock),
            flood=DeadLetterLimiter(tuning.dead_letter_limit, clock, self.condition),
            transactions=asyncio.Semaphore(4),
            metrics=metrics,
            clock=clock,
        )
        self.acknowledged = Acknowledged()
        process = PartitionContext(
            spec=TOY,
            tuning=tuning,
            decoder=JsonDecoder(),
            sinks=sinks,
            acknowledged=self.acknowledged,
            backlog=RecordBuffer(1_000_000),
            condition=self.condition,
            topic_identity=KnownTopic(),
            end_offset=lambda _: None,
            tracing=NoTracing(),
        )
        self.failures: list[BaseException] = []
        self.assignment = Assignment(process, self.failures.append)
        self.assignment.open(1)

    def feed(
        self, *records: ConsumedRecord, follows: int | None = None, seek: int = 1, sought: int | None = None
    ) -> None:
        self.assignment.accept(Chunk(TP, records, seek, follows, sought))

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                await asyncio.sleep(0.001)

    def next_offset(self) -> int | None:
        return self.acknowledged.next_offsets().get(TopicPartition(*TP))


async def test_a_partition_is_acknowledged_as_far_as_it_is_stored() -> None:
    bench = Bench()
    bench.feed(add(0, "a", 1), add(1, "b", 1))
    bench.feed(add(2, "a", 1), follows=2)
    await bench.until(lambda: bench.next_offset() == 3)
    assert bench.graph.totals == {"a": 2, "b": 1}
    await bench.assignment.drain()


async def test_records_at_or_below_the_watermark_are_not_written_again() -> None:
    bench = Bench()
    bench.graph.watermark = 1
    bench.feed(add(0, "a", 1), add(1, "a", 1), add(2, "a", 1))
    await bench.until(lambda: bench.next_offset() == 3)
    assert [line for line in bench.journal if line.startswith("graph")] == ["graph 2"]
    assert bench.graph.totals == {"a": 3}
    await bench.assignment.drain()


async def test_a_dropped_chunk_ends_the_process_instead_of_leaving_a_gap() -> None:
    bench = Bench()
    bench.feed(add(0, "a", 1))
    bench.feed(add(5, "a", 1), follows=5)
    assert [type(failure) for failure in bench.failures] == [ChunkDropped]
    await bench.assignment.drain()


async def test_chunks_from_before_a_rebalance_are_ignored() -> None:
    bench = Bench()
    await bench.assignment.drain()
    bench.feed(add(0, "a", 1))
    bench.assignment.open(2)
    bench.feed(add(0, "a", 1), seek=1)
    bench.feed(add(0, "a", 5), seek=2)
    await bench.until(lambda: bench.next_offset() == 1)
    assert bench.graph.totals == {"a": 5}
    await bench.assignment.drain()


async def test_a_commit_past_what_the_graph_holds_is_no_reason_to_skip_what_is_between() -> None:
    bench = Bench()
    bench.graph.watermark = 3
    bench.feed(add(9, "a", 1), sought=9)
    await bench.until(lambda: bench.assignment.behind == {TP: 4})
    assert bench.graph.totals == {}
    assert bench.next_offset() is None
    assert not bench.failures
    await bench.assignment.drain()
    bench.assignment.open(2)
    assert bench.assignment.behind == {}
    bench.feed(add(4, "a", 5), seek=2, sought=4)
    await bench.until(lambda: bench.next_offset() == 5)
    assert bench.graph.totals == {"a": 5}
    await bench.assignment.drain()


async def test_draining_lets_the_batch_under_way_through_and_drops_what_waits() -> None:
    bench = Bench(max_wait_ms=60_000)
    bench.feed(add(0, "a", 1), add(1, "a", 1), add(2, "a", 1))
    bench.feed(add(3, "a", 1), follows=3)
    await bench.until(lambda: bench.next_offset() == 3)
    await bench.assignment.drain()
    assert bench.next_offset() == 3


async def test_a_bug_in_a_worker_ends_the_process_and_acknowledges_nothing() -> None:
    bench = Bench()
    bench.graph.fail_next = [ZeroDivisionError("a bug")]
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bool(bench.failures))
    assert isinstance(bench.failures[0], ZeroDivisionError)
    assert bench.next_offset() is None
    await bench.assignment.drain()


async def test_an_outage_makes_the_worker_unready_and_not_unhealthy_until_it_ends() -> None:
    bench = Bench()
    bench.graph.fail_next = [Retryable("connection refused")] * 3
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: any("connection refused" in reason for reason in bench.condition.unready()))
    assert bench.condition.unhealthy() == []
    await bench.until(lambda: bench.next_offset() == 1)
    assert bench.condition.unready() == []
    await bench.assignment.drain()
    assert bench.condition.unready() != []


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_every_partition_has_its_own_task(count: int) -> None:
    bench = Bench()
    for partition in range(count):
        tp = TopicPartition("sums", partition)
        bench.assignment.accept(Chunk(tp, [add(0, f"k{partition}", 1)], 1, None))
    await bench.until(lambda: len(bench.acknowledged.next_offsets()) == count)
    await bench.assignment.drain()


@pytest.mark.parametrize(("ttl_hours", "kept"), [(1, 1), (NEVER, 2)])
async def test_a_state_that_lives_for_ever_outlives_every_silence(
    monkeypatch: pytest.MonkeyPatch, ttl_hours: int, kept: int
) -> None:
    monkeypatch.setattr(partition_task, "SWEEP_EVERY_BATCHES", 1)
    bench = Bench(ttl_hours=ttl_hours)
    bench.feed(add(0, "quiet", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    bench.feed(add(1, "a", 1)._replace(timestamp=10 * MS_PER_HOUR), follows=1)
    await bench.until(lambda: bench.next_offset() == 2 and len(bench.states) == kept)
    await bench.assignment.drain()
    assert len(bench.states) == kept


async def test_whoever_holds_the_first_partition_leads_while_it_is_at_work() -> None:
    bench = Bench()
    assert not bench.assignment.leads()
    bench.assignment.rebalanced([TopicPartition(TP.topic, 0), TopicPartition("another", 1)])
    assert bench.assignment.leads()
    await bench.assignment.drain()
    assert not bench.assignment.leads(), "what comes next is another's, or begins after the recovery"
    bench.assignment.open(2)
    assert bench.assignment.leads()
    bench.assignment.rebalanced([TopicPartition(TP.topic, 1), TopicPartition("another", 0)])
    assert not bench.assignment.leads()
