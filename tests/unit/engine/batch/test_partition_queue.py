import asyncio

from tests.unit.engine.toy import add
from workers.config.worker_options import Batch
from workers.core.clock import SystemClock
from workers.core.record import ConsumedRecord
from workers.engine.batch.partition_queue import LARGEST_BATCH_BYTES, PartitionQueue
from workers.engine.consumer.buffer import RecordBuffer
from workers.engine.consumer.chunk import Chunk
from workers.testing import PARTITION as TP


def chunk(first: int, count: int) -> Chunk:
    return Chunk(TP, [add(offset, "a", 1) for offset in range(first, first + count)], 1, None)


def queue(buffer: RecordBuffer | None = None) -> PartitionQueue:
    return PartitionQueue(TP, buffer or RecordBuffer(lambda: 1_000_000), SystemClock())


async def test_a_batch_is_closed_at_max_rows_without_waiting() -> None:
    waiting = queue()
    for first in (0, 2, 4):
        waiting.put(chunk(first, 2))
    records = await asyncio.wait_for(waiting.batch(lambda: Batch(max_rows=4, max_wait_ms=60_000)), 5)
    assert [record.offset for record in records] == [0, 1, 2, 3]


async def test_a_batch_that_is_not_full_is_closed_at_its_age() -> None:
    waiting = queue()
    waiting.put(chunk(0, 2))
    records = await asyncio.wait_for(waiting.batch(lambda: Batch(max_rows=1_000, max_wait_ms=1)), 5)
    assert [record.offset for record in records] == [0, 1]


async def test_what_arrives_while_a_batch_is_open_joins_it() -> None:
    waiting = queue()
    waiting.put(chunk(0, 1))
    batch = asyncio.create_task(waiting.batch(lambda: Batch(max_rows=2, max_wait_ms=60_000)))
    await asyncio.sleep(0)
    waiting.put(chunk(1, 1))
    records = await asyncio.wait_for(batch, 5)
    assert [record.offset for record in records] == [0, 1]


async def test_a_batch_of_large_records_is_closed_before_it_outgrows_a_transaction() -> None:
    waiting = queue()
    large = b"x" * (LARGEST_BATCH_BYTES // 2)
    for offset in range(3):
        record = ConsumedRecord(TP.topic, TP.partition, offset, 1, None, large)
        waiting.put(Chunk(TP, [record], 1, None))
    records = await asyncio.wait_for(waiting.batch(lambda: Batch(max_rows=1_000, max_wait_ms=60_000)), 5)
    assert [record.offset for record in records] == [0, 1]


async def test_records_use_the_budget_until_they_are_taken() -> None:
    buffer = RecordBuffer(lambda: 1_000_000)
    waiting = queue(buffer)
    waiting.put(chunk(0, 2))
    assert buffer.held_bytes > 0
    await waiting.batch(lambda: Batch(max_rows=1, max_wait_ms=1))
    assert buffer.held_bytes == 0


async def test_discarding_frees_the_bytes() -> None:
    buffer = RecordBuffer(lambda: 1_000_000)
    waiting = queue(buffer)
    waiting.put(chunk(0, 2))
    waiting.discard()
    assert buffer.held_bytes == 0
