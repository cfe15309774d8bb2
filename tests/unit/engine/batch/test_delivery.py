import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.engine.fakes import (
    TOY,
    TP,
    Add,
    FakeChangelog,
    FakeClock,
    FakeDeadLetters,
    FakeGraph,
    FakeTable,
    JsonDecoder,
    Sum,
    add,
    closed_breakers,
)
from workers.config.tuning import DeadLetterLimit
from workers.config.tuning import Retry as RetryTuning
from workers.config.tuning import Throttle as ThrottleTuning
from workers.core.errors import Fenced, Refused, Retryable
from workers.core.observation import Conflict, Observation, Skipped, Synced
from workers.core.ports import Claim
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.core.worker import WorkerSpec
from workers.engine.batch.decode import decode_batch
from workers.engine.batch.delivered import Delivered
from workers.engine.batch.delivery import Delivery, Sinks
from workers.engine.health import WorkerHealth
from workers.engine.resilience.dead_letter_limit import DeadLetterLimiter
from workers.engine.resilience.retry import Retry
from workers.engine.resilience.throttle import Throttle
from workers.engine.state.table import StateTable
from workers.observe.metrics import Metrics


class Bench:
    """A delivery with everything around it faked, and the journal of what happened in which order."""

    def __init__(self, lineage: str = "0" * 32, spec: WorkerSpec[Add, Sum] = TOY) -> None:
        self.spec = spec
        self.journal: list[str] = []
        self.clock = FakeClock()
        self.graph = FakeGraph(self.journal)
        self.dead_letters = FakeDeadLetters(self.journal)
        self.changelog = FakeChangelog(self.journal)
        self.table = FakeTable()
        self.states = StateTable(self.table, self.changelog)
        metrics = Metrics()
        self.sinks = Sinks(
            writer=self.graph,
            dead_letters=self.dead_letters,
            states=self.states,
            retry=Retry(
                "toy", RetryTuning(initial_ms=1, max_ms=1), closed_breakers(), WorkerHealth(self.clock), metrics
            ),
            throttle=Throttle(ThrottleTuning(), self.clock),
            flood=DeadLetterLimiter(DeadLetterLimit(), self.clock, WorkerHealth(self.clock)),
            transactions=asyncio.Semaphore(4),
            metrics=metrics,
            clock=self.clock,
        )
        self.claimed(lineage)

    def claimed(self, lineage: str = "0" * 32, epoch: int = 0) -> None:
        claim = Claim("toy", TP, "token", self.graph.watermark, lineage, epoch, frozenset(self.graph.refused))
        self.delivery = Delivery(self.spec, "memory-graph-toy", claim, self.sinks)

    async def deliver(self, *records: ConsumedRecord) -> Delivered:
        return await self.delivery.deliver(decode_batch(TOY, JsonDecoder(), self.clock, records), records[-1].offset)

    async def catch_up(self, *records: ConsumedRecord) -> None:
        await self.delivery.catch_up(decode_batch(TOY, JsonDecoder(), self.clock, records))


async def test_dead_letters_come_before_the_graph_and_the_graph_before_the_table() -> None:
    bench = Bench()
    await bench.deliver(add(0, "a", 1), add(1, "a", -5), add(2, "b", 2))
    assert bench.journal == ["dead letters [1]", "graph 2", "table ['a', 'b']"]
    assert bench.graph.totals == {"a": 1, "b": 2}


async def test_what_a_policy_leaves_out_is_no_dead_letter_and_the_watermark_passes_it() -> None:
    bench = Bench()
    await bench.deliver(add(0, "a", 1), add(1, "a", 0))
    await bench.deliver(add(2, "a", 0))
    assert bench.dead_letters.letters == []
    assert bench.graph.totals == {"a": 1}
    assert bench.graph.watermark == 2


async def test_a_later_batch_folds_over_what_the_table_holds() -> None:
    bench = Bench()
    await bench.deliver(add(0, "a", 1))
    await bench.deliver(add(1, "a", 10))
    assert bench.graph.totals == {"a": 11}


async def test_after_a_crash_between_graph_and_table_catching_up_folds_once_and_writes_nothing() -> None:
    bench = Bench()
    await bench.deliver(add(0, "a", 1))
    bench.table.data.clear()
    bench.journal.clear()
    bench.claimed()
    await bench.catch_up(add(0, "a", 1))
    await bench.catch_up(add(0, "a", 1))
    assert [line for line in bench.journal if line.startswith("graph")] == []
    await bench.deliver(add(1, "a", 10))
    assert bench.graph.totals == {"a": 11}


async def test_state_folded_for_a_graph_that_was_wiped_is_void() -> None:
    bench = Bench()
    await bench.deliver(add(5, "a", 1))
    bench.graph.watermark = -1
    bench.claimed(lineage="f" * 32)
    await bench.deliver(add(0, "a", 3))
    assert bench.graph.totals == {"a": 3}


async def test_state_outlives_a_recreated_topic_although_its_offsets_start_anew() -> None:
    bench = Bench()
    await bench.deliver(add(5, "a", 1))
    bench.graph.watermark = -1
    bench.claimed(epoch=1)
    await bench.deliver(add(0, "a", 3))
    assert bench.graph.totals == {"a": 4}


async def test_only_the_record_the_database_refuses_is_dead_lettered_and_order_is_kept() -> None:
    bench = Bench()
    bench.graph.poison = 100
    await bench.deliver(add(0, "a", 1), add(1, "b", 1), add(2, "p", 100), add(3, "a", 1), add(4, "c", 1))
    assert bench.graph.totals == {"a": 2, "b": 1, "c": 1}
    assert bench.graph.watermark == 4
    assert [(letter.record.offset, letter.stage, letter.code) for letter in bench.dead_letters.letters] == [
        (2, Stage.WRITE, "neo4j.constraint")
    ]


async def test_who_catches_up_does_not_fold_what_the_database_had_refused() -> None:
    bench = Bench()
    bench.graph.poison = 100
    records = (add(0, "a", 1), add(1, "a", 100), add(2, "p", 100), add(3, "b", 1))
    await bench.deliver(*records)
    bench.table.data.clear()  # another owner's, recovered before all that was written
    bench.claimed()
    await bench.catch_up(*records)
    await bench.deliver(add(4, "a", 1), add(5, "p", 2))
    assert bench.graph.totals == {"a": 2, "b": 1, "p": 2}


async def test_events_after_a_refused_one_fold_as_if_it_had_never_been() -> None:
    bench = Bench()
    bench.graph.poison = 100
    await bench.deliver(add(0, "a", 100), add(1, "a", 5))
    assert bench.graph.totals == {"a": 5}
    assert [letter.record.offset for letter in bench.dead_letters.letters] == [0]


async def test_what_enrichment_turns_away_is_dead_lettered_once_even_when_the_batch_is_halved() -> None:
    bench = Bench()
    bench.graph.poison = 100
    await bench.deliver(add(0, "a", 1), add(1, "a", 666), add(2, "p", 100), add(3, "b", 1))
    assert [(letter.record.offset, letter.code) for letter in bench.dead_letters.letters] == [
        (1, "toy.unlucky"),
        (2, "neo4j.constraint"),
    ]
    assert bench.graph.totals == {"a": 1, "b": 1}


async def test_an_outage_is_waited_out_and_nothing_is_dead_lettered() -> None:
    bench = Bench()
    bench.graph.fail_next = [Retryable("away"), Retryable("away")]
    bench.changelog.fail_next = [Retryable("away")]
    await bench.deliver(add(0, "a", 1))
    assert bench.dead_letters.letters == []
    assert bench.journal == ["graph 0", "table ['a']"]


async def test_the_graph_waits_until_dead_letters_are_confirmed() -> None:
    bench = Bench()
    bench.dead_letters.fail_next = [Retryable("away")]
    await bench.deliver(add(0, "a", -1), add(1, "a", 1))
    assert bench.journal == ["dead letters [0]", "graph 1", "table ['a']"]


async def test_a_fenced_delivery_stores_nothing() -> None:
    bench = Bench()
    bench.graph.fail_next = [Fenced("another owner")]
    with pytest.raises(Fenced):
        await bench.deliver(add(0, "a", 1))
    assert bench.journal == []
    assert bench.table.data == {}


async def test_a_refusal_without_any_event_is_a_bug_and_not_swallowed() -> None:
    bench = Bench()
    bench.graph.fail_next = [Refused("neo4j.statement", "syntax")]
    with pytest.raises(Refused):
        await bench.deliver(add(0, "a", -1))


async def test_events_without_state_are_written_and_leave_no_entry() -> None:
    bench = Bench()
    await bench.deliver(add(0, None, 7))
    assert bench.graph.totals == {"": 7}
    assert bench.table.data == {}


def observed(state: Sum) -> Sequence[Observation]:
    """Every total is a change that was synced, one above 10 a conflict."""
    return [Synced("sum", 0), *([Conflict("too_much", "kept", state.key, "")] if state.total > 10 else [])]


def synced(bench: Bench) -> float | None:
    return bench.sinks.metrics.registry.get_sample_value(
        "llm_memory_graph_registry_sync_success_total", {"sync_type": "sum"}
    )


async def test_what_was_observed_is_told_once_the_graph_has_it_and_not_by_who_catches_up() -> None:
    bench = Bench(spec=replace(TOY, observed=observed, change_events=True))
    bench.graph.fail_next = [Fenced("another owner")]
    with pytest.raises(Fenced):
        await bench.deliver(add(0, "a", 1))
    assert synced(bench) is None
    await bench.deliver(add(0, "a", 1), add(1, "b", 20))
    await bench.catch_up(add(0, "a", 1), add(1, "b", 20))
    assert synced(bench) == 2
    labels = {"conflict_type": "too_much", "resolution": "kept"}
    conflicts = "llm_memory_graph_registry_conflicts_total"
    assert bench.sinks.metrics.registry.get_sample_value(conflicts, labels) == 1


async def test_a_culprits_neighbours_are_told_once_and_the_culprit_as_a_failure() -> None:
    bench = Bench(spec=replace(TOY, observed=observed, change_events=True))
    bench.graph.poison = 500
    await bench.deliver(add(0, "a", 1), add(1, "b", 500), add(2, "c", 2))
    assert synced(bench) == 2
    failures, labels = "llm_memory_graph_registry_sync_failures_total", {"error_type": "neo4j.constraint"}
    assert bench.sinks.metrics.registry.get_sample_value(failures, labels) == 1


async def test_what_the_fold_left_out_is_told_by_type_also_when_the_batch_was_taken_apart() -> None:
    bench = Bench(spec=replace(TOY, observed=lambda state: [Skipped("add", "redelivered", state.key)]))
    bench.graph.poison = 500
    delivered = await bench.deliver(add(0, "a", 1), add(1, "b", 500), add(2, "c", 2))
    assert (delivered.turned_away, delivered.left_out) == (frozenset([1]), {"add": 2})
