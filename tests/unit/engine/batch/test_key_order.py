"""While a dead letter of a key waits, later records of the key wait behind it: ``order: strict``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.engine.toy import TOY, Add, Sum, add, refuse_totals_of, totals
from workers.adapters.kafka.headers import PREFIX
from workers.core.errors import Fenced, Refused
from workers.core.ports import Claim
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import WorkerSpec
from workers.engine.batch.key_order import PARKED_BEHIND
from workers.testing import PARTITION, WorkerUnderTest

Places = dict[str, list[int]]


def strict(spec: WorkerSpec[Add, Sum] = TOY) -> WorkerUnderTest[Add, Sum]:
    return WorkerUnderTest(spec, strict=True)


def keyed(offset: int, key: str, amount: int, replayed_from: int | None = None) -> ConsumedRecord:
    """Return a record whose Kafka key is its own; ``replayed_from`` is where it first came."""
    headers = [] if replayed_from is None else [(f"{PREFIX}first.offset", b"%d" % replayed_from)]
    return add(offset, key, amount)._replace(key=key.encode(), headers=headers)


def undecodable(offset: int, key: str) -> ConsumedRecord:
    return keyed(offset, key, 1)._replace(value=b"?")


def parked(worker: WorkerUnderTest[Add, Sum]) -> Places:
    """The offsets that wait in the graph, by key."""
    start = f"toy/{PARTITION.topic}/{PARTITION.partition}/"
    assert all(id_.startswith(start) for id_ in worker.graph.parked)
    return {id_.removeprefix(start): list(offsets) for id_, offsets in worker.graph.parked.items()}


def letters(worker: WorkerUnderTest[Add, Sum]) -> list[tuple[int, str]]:
    return [(letter.record.offset, letter.code) for letter in worker.dead_letters.letters]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (undecodable(1, "a"), "test.not_json"),
        (keyed(1, "a", -1), "number.negative"),
        (keyed(1, "a", 666), "toy.unlucky"),
        (keyed(1, "a", 5_000), "neo4j.constraint"),
    ],
)
@pytest.mark.parametrize("batches", [1, 4])
async def test_records_of_a_key_wait_behind_its_dead_letter_of_any_stage(
    bad: ConsumedRecord, code: str, batches: int
) -> None:
    worker = strict()
    refuse_totals_of(5_000, worker.graph)
    records = [keyed(0, "a", 1), bad, keyed(2, "b", 2), keyed(3, "a", 4)]
    for some in [records] if batches == 1 else [[each] for each in records]:
        await worker.run_batch(some)
    assert letters(worker) == [(1, code), (3, PARKED_BEHIND)]
    assert totals(worker.graph) == {"a": 1, "b": 2}
    assert parked(worker) == {"a": [1, 3]}
    assert worker.graph.watermark == 3


async def test_the_letter_names_the_offset_it_waits_for_and_the_fix() -> None:
    worker = strict()
    await worker.run_batch([keyed(4, "a b", -1), keyed(5, "a b", 1)])
    letter = worker.dead_letters.letters[-1]
    assert letter.stage is Stage.ENRICH
    assert "offset 4 of its key waits" in letter.message
    assert f"memory-graph dlq release 'a%20b' --first --topic {PARTITION.topic}" in letter.message


async def test_a_bad_record_behind_another_says_itself_why_it_is_bad_and_waits_too() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1), undecodable(1, "a"), keyed(2, "a", 666), keyed(3, "a", 1)])
    assert letters(worker) == [(0, "number.negative"), (1, "test.not_json"), (2, PARKED_BEHIND), (3, PARKED_BEHIND)]
    assert parked(worker) == {"a": [0, 1, 2, 3]}


async def test_replays_in_their_order_free_the_key() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "a", 2), keyed(2, "a", 3)])
    await worker.run_batch([keyed(3, "a", 1, 0), keyed(4, "a", 2, 1)])
    assert parked(worker) == {"a": [2]}
    await worker.run_batch([keyed(5, "a", 3, 2), keyed(6, "a", 10)])
    assert parked(worker) == {}
    assert totals(worker.graph) == {"a": 16}
    assert len(worker.dead_letters.letters) == 3


async def test_a_replay_out_of_its_order_waits_at_its_place() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "a", 2), keyed(2, "a", 3)])
    await worker.run_batch([keyed(3, "a", 3, 2), keyed(4, "a", 2, 1), keyed(5, "a", 1, 0)])
    assert parked(worker) == {"a": [1, 2]}
    assert letters(worker)[3:] == [(3, PARKED_BEHIND), (4, PARKED_BEHIND)]
    assert totals(worker.graph) == {"a": 1}


@pytest.mark.parametrize(
    ("amount", "code"), [(-2, "number.negative"), (666, "toy.unlucky"), (5_000, "neo4j.constraint")]
)
async def test_a_replay_that_fails_again_stays_the_first(amount: int, code: str) -> None:
    worker = strict()
    refuse_totals_of(5_000, worker.graph)
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "a", 2)])
    await worker.run_batch([keyed(2, "a", amount, 0), keyed(3, "a", 2, 1), keyed(4, "b", 1)])
    assert parked(worker) == {"a": [0, 1]}
    assert sorted(letters(worker)[2:]) == [(2, code), (3, PARKED_BEHIND)]
    await worker.run_batch([keyed(5, "a", 1, 0), keyed(6, "a", 2, 1)])
    assert parked(worker) == {}
    assert totals(worker.graph) == {"a": 3, "b": 1}


async def test_a_replay_of_a_key_that_was_released_is_processed_as_any_record() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "a", 2)])
    worker.graph.parked.clear()
    await worker.run_batch([keyed(2, "a", 4), keyed(3, "a", 2, 1)])
    assert totals(worker.graph) == {"a": 6}
    await worker.run_batch([keyed(4, "a", -1), keyed(5, "a", 1, 0)])
    assert parked(worker) == {"a": [4, 0]}


async def test_what_a_policy_drops_never_waits() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "a", 0), keyed(2, "a", 3), keyed(3, "a", 4)])
    assert parked(worker) == {"a": [0, 2, 3]}
    await worker.run_batch([keyed(4, "a", 0, 2)])
    assert parked(worker) == {"a": [0, 3]}
    await worker.run_batch([keyed(5, "a", 0, 0), keyed(6, "a", 4, 3)])
    assert parked(worker) == {}
    assert totals(worker.graph) == {"a": 4}


async def test_records_without_a_key_neither_wait_nor_park() -> None:
    worker = strict()
    await worker.run_batch([add(0, None, -1), add(1, None, 7), add(2, None, 666), add(3, None, 8)])
    assert parked(worker) == {}
    assert [code for _, code in letters(worker)] == ["number.negative", "toy.unlucky"]


async def test_keys_are_told_apart_byte_for_byte() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1)._replace(key=b"\x00\xff/a"), keyed(1, "a", 1)._replace(key=b"")])
    await worker.run_batch([keyed(2, "a", -1)._replace(key=b"k" * 20_000), keyed(3, "a", 1)])
    names = list(parked(worker))
    assert names[0] == "%00%FF/a"
    assert names[1].startswith("sha256:")
    assert totals(worker.graph) == {"a": 2}


async def test_a_relaxed_worker_parks_nothing_and_asks_nothing() -> None:
    worker = WorkerUnderTest(replace(TOY, state=None, plan=lambda _: []))
    worker.graph.stored = None  # type: ignore[method-assign, assignment]  # not even one question
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "a", 1)])
    assert letters(worker) == [(0, "number.negative")]
    assert worker.graph.parked == {}


async def test_a_worker_without_state_keeps_the_order_too() -> None:
    def plan(events: Sequence[Add]) -> Sequence[Statement]:
        return [Statement("sum", "UNWIND $rows AS row", [{"key": each.key, "total": each.amount} for each in events])]

    spec: WorkerSpec[Add, Any] = replace(TOY, state=None)
    worker = strict(replace(spec, plan=plan))
    await worker.run_batch([keyed(0, "a", 1), keyed(1, "a", -1), keyed(2, "a", 2), keyed(3, "b", 3)])
    assert totals(worker.graph) == {"a": 1, "b": 3}
    assert parked(worker) == {"a": [1, 2]}


async def test_one_bad_key_does_not_stop_the_worker() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1), *(keyed(offset, "a", 1) for offset in range(1, 3_000))])
    assert len(parked(worker)["a"]) == 3_000
    await worker.run_batch([keyed(3_000, "b", 1)])
    assert totals(worker.graph) == {"b": 1}


async def test_a_key_is_parked_in_the_transaction_of_its_batch() -> None:
    worker = strict()
    worker.graph.fail_next = [Fenced("another owner")]
    with pytest.raises(Fenced):
        await worker.run_batch([keyed(0, "a", -1), keyed(1, "a", 1)])
    assert parked(worker) == {}


async def test_a_new_graph_or_topic_begins_without_parked_keys() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "b", -1)])
    worker.graph.watermark = -1
    worker.claim(epoch=1)
    await worker.run_batch([keyed(0, "a", 5)])
    assert totals(worker.graph) == {"a": 5}
    assert parked(worker) == {}


async def test_what_was_released_during_a_batch_is_not_parked_again_by_it() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1)])
    write = worker.graph.write

    async def write_after_release(claim: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        worker.graph.parked.clear()
        return await write(claim, through, statements)

    worker.graph.write = write_after_release  # type: ignore[method-assign]  # an operator between read and write
    await worker.run_batch([keyed(1, "a", 1)])
    worker.graph.write = write  # type: ignore[method-assign]
    await worker.run_batch([keyed(2, "a", 1)])
    assert letters(worker) == [(0, "number.negative"), (1, PARKED_BEHIND)]
    assert totals(worker.graph) == {"a": 1}


async def test_a_batch_that_is_split_sends_each_letter_once_and_keeps_every_place() -> None:
    worker = strict()
    refuse_totals_of(5_000, worker.graph)
    records = [
        keyed(0, "a", 1),
        keyed(1, "b", -1),
        keyed(2, "p", 5_000),
        keyed(3, "b", 1),
        keyed(4, "p", 1),
        undecodable(5, "a"),
        keyed(6, "c", 3),
        keyed(7, "a", 1),
    ]
    await worker.run_batch(records)
    assert sorted(letters(worker)) == [
        (1, "number.negative"),
        (2, "neo4j.constraint"),
        (3, PARKED_BEHIND),
        (4, PARKED_BEHIND),
        (5, "test.not_json"),
        (7, PARKED_BEHIND),
    ]
    assert parked(worker) == {"a": [5, 7], "b": [1, 3], "p": [2, 4]}
    assert totals(worker.graph) == {"a": 1, "c": 3}


async def test_the_order_holds_where_states_do_not_fit_into_one_answer() -> None:
    worker = strict()
    read = worker.graph.stored

    async def stored(cypher: str, worker: str, keys: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        if "huge" in keys:
            raise Refused("neo4j.size", "the transaction needs too much memory")
        return await read(cypher, worker, keys)

    worker.graph.stored = stored  # type: ignore[method-assign]  # a database with little memory
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "huge", 1), keyed(2, "a", 1), keyed(3, "huge", 1)])
    assert sorted(offset for offset, _ in letters(worker)) == [0, 1, 2, 3]
    assert parked(worker) == {"a": [0, 2], "huge": [1, 3]}


async def test_a_state_that_only_waiting_records_would_touch_is_not_written() -> None:
    worker = strict()
    await worker.run_batch([keyed(0, "a", -1), keyed(1, "a", 1)])
    assert worker.graph.states == {}
