import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.unit.engine.toy import TOY, add, totals
from tests.unit.observe.collected import TRACE_ID, TRACEPARENT, Collected, ids
from workers.config.worker_options import Batch, State, WorkerOptions
from workers.config.worker_options import Retry as RetryOptions
from workers.core.clock import SystemClock
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Retryable
from workers.core.ports import TopicState
from workers.core.record import ConsumedRecord, Headers, Record, TopicPartition
from workers.core.worker import WorkerSpec
from workers.engine.assignment import Assignment
from workers.engine.consumer.acknowledged import Acknowledged
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk
from workers.engine.health import PartitionHealth, WorkerHealth
from workers.engine.in_force import InForce
from workers.engine.partition_task import ChunkDropped, PartitionContext
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry
from workers.engine.resilience.throttle import Throttle
from workers.engine.resilience.writers import Writers
from workers.engine.sinks import Sinks
from workers.engine.state.table import StateTable
from workers.observe.metrics import Metrics
from workers.observe.tracing import NO_TRACING, Tracing, ids_of
from workers.testing import PARTITION as TP
from workers.testing import FakeDeadLetters, FakeGraph, JsonDecoder, closed_breakers

OTHER = TopicPartition(TP.topic, 1)


class KnownTopic:
    """A topic whose state a test sets."""

    state = TopicState("id", {0: 0})
    position = 0

    async def read_position(self, _partition: TopicPartition) -> int:
        return self.position

    async def recent(self) -> TopicState:
        return self.state

    async def now(self) -> TopicState:
        return self.state


class Bench:
    """An assignment over fakes."""

    def __init__(
        self,
        max_wait_ms: int = 1,
        spec: WorkerSpec[Any, Any] = TOY,
        tracing: Tracing = NO_TRACING,
        order: Literal["relaxed", "strict"] = "relaxed",
    ) -> None:
        self.journal: list[str] = []
        self.graph = FakeGraph(self.journal)
        self.dead_letters = FakeDeadLetters(self.journal)
        clock, metrics = SystemClock(), Metrics()
        self.health = WorkerHealth(clock)
        options = WorkerOptions(
            topic=TP.topic,
            group="toy",
            batch=Batch(max_rows=3, max_wait_ms=max_wait_ms),
            retry=RetryOptions(initial_ms=1),
            state=State(max_entries=100),
            order=order,
        ).model_copy(update={"session_timeout_seconds": 0.01})
        self.states = StateTable(OrderedDict(), lambda: 100)
        waits = PartitionHealth(clock)
        sinks = Sinks(
            writer=self.graph,
            dead_letters=self.dead_letters,
            states=self.states,
            retry=Retry("toy", lambda: options.retry, closed_breakers(), waits, metrics),
            throttle=Throttle(lambda: options.throttle, clock),
            dead_letter_limiter=DeadLetterLimiter(lambda: options.dead_letter_limit, clock, self.health),
            transactions=Writers(lambda: 4),
            health=waits,
            metrics=metrics,
            clock=clock,
        )
        self.acknowledged = Acknowledged()
        self.topic = KnownTopic()
        self.context = context = PartitionContext(
            in_force=InForce(options, spec),
            decoder=JsonDecoder(),
            sinks=sinks,
            acknowledged=self.acknowledged,
            buffer=RecordBuffer(lambda: 1_000_000),
            health=self.health,
            topic_states=self.topic,
            read_position=self.topic.read_position,
            tracing=tracing,
        )
        self.failures: list[BaseException] = []
        self.assignment = Assignment(context, self.failures.append)
        self.assignment.open(1, {})

    def feed(
        self, *records: ConsumedRecord, follows: int | None = None, seek: int = 1, committed: int | None = None
    ) -> None:
        self.assignment.accept(Chunk(TP, records, seek, follows, committed))

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                await asyncio.sleep(0.001)

    def sample(self, name: str, **labels: str) -> float:
        return self.context.sinks.metrics.registry.get_sample_value(f"llm_memory_graph_{name}", labels) or 0.0

    def transactions(self, operation_type: str) -> float:
        return self.sample("graph_write_duration_seconds_count", operation_type=operation_type)

    def next_offset(self) -> int | None:
        return self.acknowledged.next_offsets().get(TopicPartition(*TP))


async def test_a_partition_is_acknowledged_up_to_the_last_stored_record() -> None:
    bench = Bench()
    bench.feed(add(0, "a", 1), add(1, "b", 1))
    bench.feed(add(2, "a", 1), follows=2)
    await bench.until(lambda: bench.next_offset() == 3)
    assert totals(bench.graph) == {"a": 2, "b": 1}
    await bench.assignment.drain()


async def test_transactions_are_measured_by_what_they_are_for() -> None:
    bench = Bench()
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    bench.feed(add(1, "a", -1), follows=1)
    await bench.until(lambda: bench.next_offset() == 2)
    assert {operation: bench.transactions(operation) for operation in ("claim", "batch", "watermark")} == {
        "claim": 1,
        "batch": 1,
        "watermark": 1,
    }
    await bench.assignment.drain()


async def test_the_processing_time_includes_the_wait_in_the_queue() -> None:
    bench = Bench(max_wait_ms=200)
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    assert bench.sample("event_processing_duration_seconds_sum", event_type="add") >= 0.2
    await bench.assignment.drain()


async def test_the_steps_of_a_batch_are_parts_of_its_processing_time() -> None:
    bench = Bench(max_wait_ms=50)
    bench.feed(add(0, "a", 1), add(1, "a", -1))
    await bench.until(lambda: bench.next_offset() == 2)
    steps = ("gather", "prepare", "decode", "fold", "dead_letters", "throttle", "writers", "graph")
    assert {step: bench.sample("batch_step_duration_seconds_count", step=step) for step in steps} == dict.fromkeys(
        steps, 1
    )
    waited = sum(bench.sample("batch_step_duration_seconds_sum", step=step) for step in steps)
    assert 0.05 <= waited <= bench.sample("event_processing_duration_seconds_sum", event_type="add")
    await bench.assignment.drain()


async def test_records_at_or_below_the_watermark_are_not_written_again() -> None:
    bench = Bench()
    bench.graph.watermark, bench.graph.states = 1, {"a": [b'{"total": 2, "key": "a"}']}
    bench.feed(add(0, "a", 1), add(1, "a", 1), add(2, "a", 1))
    await bench.until(lambda: bench.next_offset() == 3)
    assert [line for line in bench.journal if line.startswith("graph")] == ["graph 2"]
    assert totals(bench.graph) == {"a": 3}
    await bench.assignment.drain()


@pytest.mark.parametrize(("order", "total"), [("relaxed", 3), ("strict", 1)])
async def test_records_wait_behind_a_dead_letter_of_their_key_where_the_order_is_strict(
    order: Literal["relaxed", "strict"], total: int
) -> None:
    bench = Bench(order=order)
    bench.feed(*(add(offset, "a", amount)._replace(key=b"a") for offset, amount in enumerate([1, -1, 2])))
    await bench.until(lambda: bench.next_offset() == 3)
    assert totals(bench.graph) == {"a": total}
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
    bench.assignment.open(2, {})
    bench.feed(add(0, "a", 1), seek=1)
    bench.feed(add(0, "a", 5), seek=2)
    await bench.until(lambda: bench.next_offset() == 1)
    assert totals(bench.graph) == {"a": 5}
    await bench.assignment.drain()


async def test_a_commit_past_the_graph_does_not_skip_the_records_between() -> None:
    bench = Bench()
    bench.graph.watermark = 3
    bench.feed(add(9, "a", 1), committed=9)
    await bench.until(lambda: bench.assignment.behind == {TP: 4})
    assert totals(bench.graph) == {}
    assert bench.next_offset() is None
    assert not bench.failures
    await bench.assignment.drain()
    bench.assignment.open(2, {})
    assert bench.assignment.behind == {}
    bench.feed(add(4, "a", 5), seek=2, committed=4)
    await bench.until(lambda: bench.next_offset() == 5)
    assert totals(bench.graph) == {"a": 5}
    await bench.assignment.drain()


async def test_draining_finishes_the_current_batch_and_discards_waiting_records() -> None:
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
    await bench.until(lambda: any("connection refused" in reason for reason in bench.health.unready()))
    assert bench.health.unhealthy() == []
    await bench.until(lambda: bench.next_offset() == 1)
    assert bench.health.unready() == []
    await bench.assignment.drain()
    assert bench.health.unready() != []


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_every_partition_has_its_own_task(count: int) -> None:
    bench = Bench()
    for partition in range(count):
        tp = TopicPartition(TP.topic, partition)
        bench.assignment.accept(Chunk(tp, [add(0, f"k{partition}", 1)], 1, None))
    await bench.until(lambda: len(bench.acknowledged.next_offsets()) == count)
    await bench.assignment.drain()


async def test_the_process_with_the_first_partition_leads_while_it_accepts_records() -> None:
    bench = Bench()
    assert not bench.assignment.leads()
    bench.assignment.rebalanced([TopicPartition(TP.topic, 0), TopicPartition("another", 1)])
    assert bench.assignment.leads()
    await bench.assignment.drain()
    assert not bench.assignment.leads(), "another process may have it next, or the recovery comes first"
    bench.assignment.open(2, {})
    assert bench.assignment.leads()
    bench.assignment.rebalanced([TopicPartition(TP.topic, 1), TopicPartition("another", 0)])
    assert not bench.assignment.leads()


async def test_a_new_graph_holds_the_worker_unready_where_the_worker_wants_that() -> None:
    state = replace(TOY.state, on_new_graph="fail", new_graph_fix="start a new sum") if TOY.state else None
    bench = Bench(spec=replace(TOY, state=state))
    bench.feed(add(7, "a", 1), committed=7)
    await bench.until(lambda: any("start a new sum" in reason for reason in bench.health.unready()))
    assert (bench.next_offset(), bench.failures) == (None, [])
    await bench.assignment.drain()


async def test_a_fenced_partition_that_stays_assigned_is_claimed_again() -> None:
    bench = Bench()
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    bench.graph.token = "another process"
    bench.feed(add(1, "a", 10), follows=1)
    await bench.until(lambda: bench.next_offset() == 2)
    assert totals(bench.graph) == {"a": 11}
    await bench.assignment.drain()


async def test_a_graph_that_was_restored_under_a_running_worker_is_read_up_again() -> None:
    bench = Bench()
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    backup = dict(bench.graph.states)
    bench.feed(add(1, "a", 10), follows=1)
    await bench.until(lambda: bench.next_offset() == 2)
    bench.graph.states, bench.graph.watermark = backup, 0
    bench.feed(add(2, "a", 100), follows=2)
    await bench.until(lambda: bench.assignment.behind == {TP: 1})
    await bench.assignment.drain()
    bench.assignment.open(2, {})
    bench.feed(add(1, "a", 10), add(2, "a", 100), seek=2, committed=1)
    await bench.until(lambda: bench.next_offset() == 3)
    assert totals(bench.graph) == {"a": 111}
    await bench.assignment.drain()


class Keys:
    """A preparation that fails once, then notes the offsets that it was asked for."""

    server = "neo4j"

    def __init__(self) -> None:
        self.fail_next = [Retryable("away")]
        self.prepared: list[int] = []

    async def prepare(self, records: Sequence[Record]) -> None:
        if self.fail_next:
            raise self.fail_next.pop()
        self.prepared += [record.offset for record in records]


async def test_a_worker_prepares_each_batch_before_it_is_parsed_and_waits_for_the_server() -> None:
    keys = Keys()
    bench = Bench(spec=replace(TOY, preparations=[keys]))
    bench.feed(add(0, "a", 1), add(1, "b", 1))
    await bench.until(lambda: bench.next_offset() == 2)
    assert keys.prepared == [0, 1]
    await bench.assignment.drain()


async def test_dead_letters_and_log_lines_of_a_batch_are_inside_its_span() -> None:
    tracing = Collected()
    bench, injected = Bench(tracing=tracing), Headers()
    publish = bench.dead_letters.publish

    async def inject_and_publish(letters: Sequence[DeadLetter]) -> None:
        tracing.inject(injected)
        await publish(letters)

    bench.dead_letters.publish = inject_and_publish  # type: ignore[method-assign]  # what KafkaDeadLetters does
    with capture_logs(processors=[merge_contextvars]) as lines:
        bench.feed(add(0, "a", -1), add(1, "a", -1)._replace(headers=[TRACEPARENT]))
        await bench.until(lambda: bench.next_offset() == 2)
    await bench.assignment.drain()

    (batch,) = tracing.spans()
    letters = [line["trace_id"] for line in lines if line["event"] == "dead letter"]
    assert letters == [ids(batch)["trace_id"], TRACE_ID]
    assert ids_of(injected) == ids(batch)


async def test_a_batch_of_a_topic_that_was_created_again_is_not_written_and_all_is_read_again() -> None:
    bench = Bench()
    bench.assignment.rebalanced([TP, OTHER])
    bench.feed(add(0, "a", 1))
    await bench.until(lambda: bench.next_offset() == 1)
    bench.topic.state = TopicState("another", {0: 9})
    bench.feed(add(1, "a", 5), follows=1)
    await bench.until(lambda: bool(bench.assignment.behind))
    assert bench.assignment.behind == {TP: 0, OTHER: 0}
    assert totals(bench.graph) == {"a": 1}
    assert not bench.failures
    await bench.assignment.drain()
