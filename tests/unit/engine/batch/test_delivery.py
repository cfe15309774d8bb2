from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import capture_logs

from tests.unit.engine.toy import TOY, Add, Sum, add, refuse_totals_of, totals
from tests.unit.observe.collected import SPAN_ID, TRACE_ID, TRACEPARENT
from workers.core.errors import Fenced, Refused, Rejected, Retryable, TransactionFailed
from workers.core.ports import Claim
from workers.core.report import Skipped
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import WorkerSpec
from workers.engine.resilience.dead_letter_limit import DeadLetterLimitExceeded
from workers.testing import WorkerUnderTest


def toy(spec: WorkerSpec[Add, Sum] = TOY) -> WorkerUnderTest[Add, Sum]:
    return WorkerUnderTest(spec)


async def test_dead_letters_come_before_the_graph() -> None:
    worker = toy()
    await worker.run_batch([add(0, "a", 1), add(1, "a", -5), add(2, "b", 2)])
    assert worker.journal == ["dead letters [1]", "graph 2"]
    assert totals(worker.graph) == {"a": 1, "b": 2}


async def test_a_dropped_record_is_no_dead_letter_and_the_watermark_passes_it() -> None:
    worker = toy()
    await worker.run_batch([add(0, "a", 1), add(1, "a", 0)])
    await worker.run_batch([add(2, "a", 0)])
    assert worker.dead_letters.letters == []
    assert totals(worker.graph) == {"a": 1}
    assert worker.graph.watermark == 2


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_later_batch_folds_over_the_state_of_the_table_or_else_of_the_graph(forgotten: bool) -> None:  # noqa: FBT001 - a parameter of the test
    worker = toy()
    await worker.run_batch([add(0, "a", 1), add(1, "b", 2)])
    if forgotten:
        worker.table.clear()
    await worker.run_batch([add(2, "a", 10), add(3, "c", 5)])
    assert totals(worker.graph) == {"a": 11, "b": 2, "c": 5}
    assert worker.sample("states_restored_total", worker="toy") == (1 if forgotten else 0)


async def test_states_in_memory_count_no_more_once_the_graph_was_restored_from_a_backup() -> None:
    worker = toy()
    await worker.run_batch([add(0, "a", 1)])
    backup = dict(worker.graph.states)
    await worker.run_batch([add(1, "a", 10)])
    worker.graph.states, worker.graph.watermark = backup, 0
    with pytest.raises(Fenced):
        await worker.run_batch([add(2, "a", 100)])
    worker.claim()
    await worker.run_batch([add(1, "a", 10), add(2, "a", 100)])
    assert totals(worker.graph) == {"a": 111}


async def test_state_that_was_written_to_a_wiped_graph_is_void() -> None:
    worker = toy()
    await worker.run_batch([add(5, "a", 1)])
    worker.graph.states, worker.graph.watermark = {}, -1
    worker.claim()
    await worker.run_batch([add(0, "a", 3)])
    assert totals(worker.graph) == {"a": 3}


async def test_state_outlives_a_recreated_topic_although_its_offsets_start_again() -> None:
    worker = toy()
    await worker.run_batch([add(5, "a", 1)])
    worker.graph.watermark = -1
    worker.claim(epoch=1)
    await worker.run_batch([add(0, "a", 3)])
    assert totals(worker.graph) == {"a": 4}


async def test_only_the_record_that_the_database_refuses_is_dead_lettered_and_order_is_kept() -> None:
    worker = toy()
    refuse_totals_of(100, worker.graph)
    await worker.run_batch([add(0, "a", 1), add(1, "b", 1), add(2, "p", 100), add(3, "a", 1), add(4, "c", 1)])
    assert totals(worker.graph) == {"a": 2, "b": 1, "c": 1}
    assert worker.graph.watermark == 4
    assert [(letter.record.offset, letter.stage, letter.code) for letter in worker.dead_letters.letters] == [
        (2, Stage.WRITE, "neo4j.constraint")
    ]


async def test_no_state_has_what_the_database_refused() -> None:
    worker = toy()
    refuse_totals_of(100, worker.graph)
    await worker.run_batch([add(0, "a", 1), add(1, "a", 100), add(2, "p", 100), add(3, "b", 1)])
    worker.claim()
    await worker.run_batch([add(4, "a", 1), add(5, "p", 2)])
    assert totals(worker.graph) == {"a": 2, "b": 1, "p": 2}


async def test_events_after_a_refused_one_fold_as_if_it_had_never_existed() -> None:
    worker = toy()
    refuse_totals_of(100, worker.graph)
    await worker.run_batch([add(0, "a", 100), add(1, "a", 5)])
    assert totals(worker.graph) == {"a": 5}
    assert [letter.record.offset for letter in worker.dead_letters.letters] == [0]


async def test_an_event_that_the_fold_rejects_is_dead_lettered_once_even_when_the_batch_is_split() -> None:
    worker = toy()
    refuse_totals_of(100, worker.graph)
    await worker.run_batch([add(0, "a", 1), add(1, "a", 666), add(2, "p", 100), add(3, "b", 1)])
    assert [(letter.record.offset, letter.code) for letter in worker.dead_letters.letters] == [
        (1, "toy.unlucky"),
        (2, "neo4j.constraint"),
    ]
    assert totals(worker.graph) == {"a": 1, "b": 1}


async def test_records_wait_during_an_outage_and_none_is_dead_lettered() -> None:
    worker = toy()
    worker.graph.fail_next = [Retryable("away"), Retryable("away")]
    await worker.run_batch([add(0, "a", 1)])
    assert worker.dead_letters.letters == []
    assert worker.journal == ["graph 0"]


async def test_the_graph_waits_until_dead_letters_are_confirmed() -> None:
    worker = toy()
    worker.dead_letters.fail_next = [Retryable("away")]
    await worker.run_batch([add(0, "a", -1), add(1, "a", 1)])
    assert worker.journal == ["dead letters [0]", "graph 1"]


async def test_a_fenced_delivery_stores_nothing() -> None:
    worker = toy()
    worker.graph.fail_next = [Fenced("another owner")]
    with pytest.raises(Fenced):
        await worker.run_batch([add(0, "a", 1)])
    assert worker.journal == []
    assert not worker.table


async def test_a_statement_that_the_database_refuses_for_every_record_stops_the_worker() -> None:
    worker = toy()
    worker.graph.refuses = lambda statements: any(statement.rows for statement in statements)
    with pytest.raises(DeadLetterLimitExceeded):
        await worker.run_batch([add(offset, "a", 1) for offset in range(1_000)])
    assert len(worker.dead_letters.letters) < 1_000


async def test_a_transaction_that_fails_each_time_is_bisected_while_the_server_writes_others() -> None:
    worker = toy()
    written = worker.graph.write

    async def write(claim: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        if any(row["key"] == "p" for each in statements if each.name == "sum" for row in each.rows):  # type: ignore[call-overload]  # the toy's rows are maps
            raise TransactionFailed("Neo.DatabaseError.General.UnknownError")
        return await written(claim, through, statements)

    worker.graph.write = write  # type: ignore[method-assign]  # a database that cannot do this one
    await worker.run_batch([add(0, "a", 1), add(1, "p", 1), add(2, "b", 1)])
    assert [(letter.record.offset, letter.code) for letter in worker.dead_letters.letters] == [(1, "neo4j.transaction")]
    assert totals(worker.graph) == {"a": 1, "b": 1}


async def test_a_failing_transaction_is_not_suspected_while_the_server_can_write_nothing() -> None:
    worker = toy()
    worker.graph.fail_next = [TransactionFailed("disk full")] * 18
    worker.graph.check_fails_next = [Retryable("disk full")] * 6
    await worker.run_batch([add(0, "a", 1)])
    assert worker.dead_letters.letters == []
    assert totals(worker.graph) == {"a": 1}


async def test_states_that_do_not_fit_into_one_answer_are_read_in_parts() -> None:
    tested = toy()
    read = tested.graph.stored

    async def stored(cypher: str, worker: str, keys: Sequence[str]) -> Mapping[str, Sequence[bytes]]:
        if len(keys) > 1 or "huge" in keys:
            raise Refused("neo4j.size", "the transaction needs too much memory")
        return await read(cypher, worker, keys)

    tested.graph.stored = stored  # type: ignore[method-assign]  # a database with little memory
    await tested.run_batch([add(0, "a", 1), add(1, "a", -5), add(2, "huge", 1), add(3, "b", 1)])
    assert [(each.record.offset, each.code) for each in tested.dead_letters.letters] == [
        (1, "number.negative"),
        (2, "neo4j.size"),
    ]
    assert totals(tested.graph) == {"a": 1, "b": 1}
    assert tested.graph.watermark == 3


async def test_a_refusal_without_any_event_is_a_bug_and_is_raised() -> None:
    worker = toy()
    worker.graph.fail_next = [Refused("neo4j.statement", "syntax")]
    with pytest.raises(Refused):
        await worker.run_batch([add(0, "a", -1)])


async def test_events_without_a_key_are_written_and_leave_no_entry() -> None:
    worker = toy()
    await worker.run_batch([add(0, None, 7)])
    assert totals(worker.graph) == {"": 7}
    assert not worker.table


async def test_a_worker_without_state_plans_its_events_and_keeps_nothing() -> None:
    def plan(events: Sequence[Add]) -> Sequence[Statement]:
        return [Statement("sum", "UNWIND $rows AS row", [{"key": each.key, "total": each.amount} for each in events])]

    spec: WorkerSpec[Add, Any] = replace(TOY, state=None)
    worker = WorkerUnderTest(replace(spec, plan=plan))
    await worker.run_batch([add(0, "a", 1), add(1, "a", 5), add(2, "b", 2)])
    assert worker.rows("sum") == [{"key": "a", "total": 1}, {"key": "a", "total": 5}, {"key": "b", "total": 2}]
    assert not worker.table


def keyed_by_name(event: Add, key: bytes | None) -> None:
    if event.key is not None and key != event.key.encode():
        raise Rejected(Stage.VALIDATE, "key.mismatch", "key the record by its key")


async def test_an_event_under_another_records_key_is_rejected() -> None:
    worker = toy(replace(TOY, check_key=keyed_by_name))
    await worker.run_batch([add(0, "a", 1)._replace(key=b"a"), add(1, "a", 1)._replace(key=b"b"), add(2, None, 1)])
    assert [(letter.record.offset, letter.code) for letter in worker.dead_letters.letters] == [(1, "key.mismatch")]


def observations(state: Sum) -> Sequence[Any]:
    """Each sum is observed, one above 10 twice."""
    return [f"sum {state.key}", *(["too much"] if state.total > 10 else [])]


async def test_observations_are_returned_once_the_graph_has_the_batch() -> None:
    worker = toy(replace(TOY, observations=observations))
    worker.graph.fail_next = [Fenced("another owner")]
    with pytest.raises(Fenced):
        await worker.run_batch([add(0, "a", 1)])
    delivered = await worker.run_batch([add(0, "a", 1), add(1, "b", 20)])
    assert delivered.observations == ("sum a", "sum b", "too much")


async def test_the_neighbours_of_a_refused_event_are_observed_once_and_it_is_a_failure() -> None:
    worker = toy(replace(TOY, observations=observations))
    refuse_totals_of(500, worker.graph)
    delivered = await worker.run_batch([add(0, "a", 1), add(1, "b", 500), add(2, "c", 2)])
    assert delivered.observations == ("sum a", "sum c")
    assert delivered.dead_letter_codes == ("neo4j.constraint",)


async def test_skipped_events_are_returned_also_when_the_batch_was_split() -> None:
    worker = toy(replace(TOY, observations=lambda state: [Skipped("add", "redelivered", state.key)]))
    refuse_totals_of(500, worker.graph)
    delivered = await worker.run_batch([add(0, "a", 1), add(1, "b", 500), add(2, "c", 2)])
    assert (delivered.rejected, len(delivered.observations)) == (frozenset([1]), 2)


async def test_the_line_of_a_dead_letter_names_the_trace_of_its_record_or_else_of_what_is_bound() -> None:
    bound = {"trace_id": "the batch's", "span_id": "its span's"}
    with capture_logs(processors=[merge_contextvars]) as lines, bound_contextvars(**bound):
        await toy().run_batch([add(0, "a", -1)._replace(headers=[TRACEPARENT]), add(1, "a", -1)])
    with capture_logs(processors=[merge_contextvars]) as unbound:
        await toy().run_batch([add(0, "a", -1)])

    assert [line["event"] for line in (*lines, *unbound)] == ["dead letter"] * 3
    assert [{key: line.get(key) for key in bound} for line in lines] == [
        {"trace_id": TRACE_ID, "span_id": SPAN_ID},
        bound,
    ]
    assert not bound.keys() & unbound[0].keys()
