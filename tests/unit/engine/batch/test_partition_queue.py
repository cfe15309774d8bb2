import asyncio

from tests.unit.engine.fakes import TP, add
from workers.config.tuning import Batch
from workers.core.clock import SystemClock
from workers.core.record import ConsumedRecord
from workers.engine.batch.partition_queue import LARGEST_BATCH_BYTES, PartitionQueue
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk


def chunk(first: int, count: int) -> Chunk:
    return Chunk(TP, [add(offset, "a", 1) for offset in range(first, first + count)], 1, None)


def inbox(backlog: RecordBuffer | None = None) -> PartitionQueue:
    return PartitionQueue(TP, backlog or RecordBuffer(1_000_000), SystemClock())


async def test_a_batch_is_closed_at_max_rows_without_waiting() -> None:
    box = inbox()
    for first in (0, 2, 4):
        box.put(chunk(first, 2))
    records = await asyncio.wait_for(box.batch(Batch(max_rows=4, max_wait_ms=60_000)), 5)
    assert [record.offset for record in records] == [0, 1, 2, 3]


async def test_a_batch_is_closed_at_its_age_though_not_full() -> None:
    box = inbox()
    box.put(chunk(0, 2))
    records = await asyncio.wait_for(box.batch(Batch(max_rows=1_000, max_wait_ms=1)), 5)
    assert [record.offset for record in records] == [0, 1]


async def test_what_arrives_while_a_batch_is_open_joins_it() -> None:
    box = inbox()
    box.put(chunk(0, 1))
    batch = asyncio.create_task(box.batch(Batch(max_rows=2, max_wait_ms=60_000)))
    await asyncio.sleep(0)
    box.put(chunk(1, 1))
    records = await asyncio.wait_for(batch, 5)
    assert [record.offset for record in records] == [0, 1]


async def test_a_batch_of_large_records_is_closed_before_it_outgrows_a_transaction() -> None:
    box = inbox()
    large = b"x" * (LARGEST_BATCH_BYTES // 2)
    for offset in range(3):
        record = ConsumedRecord(TP.topic, TP.partition, offset, 1, None, large)
        box.put(Chunk(TP, [record], 1, None))
    records = await asyncio.wait_for(box.batch(Batch(max_rows=1_000, max_wait_ms=60_000)), 5)
    assert [record.offset for record in records] == [0, 1]


async def test_records_count_against_the_budget_until_they_are_taken() -> None:
    backlog = RecordBuffer(1_000_000)
    box = inbox(backlog)
    box.put(chunk(0, 2))
    assert backlog.held_bytes > 0
    await box.batch(Batch(max_rows=1, max_wait_ms=1))
    assert backlog.held_bytes == 0


async def test_a_discarded_inbox_gives_its_bytes_back() -> None:
    backlog = RecordBuffer(1_000_000)
    box = inbox(backlog)
    box.put(chunk(0, 2))
    box.discard()
    assert backlog.held_bytes == 0
