import asyncio

from workers.core.record import TopicPartition
from workers.engine.consumer.buffer import RecordBuffer

FULL, EMPTY = TopicPartition("telemetry", 0), TopicPartition("telemetry", 1)


def test_only_partitions_below_their_share_are_fetched() -> None:
    buffer = RecordBuffer(lambda: 1_000)
    buffer.add(FULL, 500)
    assert buffer.with_room({FULL, EMPTY}) == {EMPTY}
    assert buffer.utilization_percent == 50.0


def test_a_record_larger_than_the_budget_still_passes() -> None:
    assert RecordBuffer(lambda: 10).with_room({EMPTY}) == {EMPTY}


def test_what_was_taken_out_makes_room() -> None:
    buffer = RecordBuffer(lambda: 1_000)
    buffer.add(FULL, 1_000)
    buffer.remove(FULL, 1_000)
    assert buffer.with_room({FULL}) == {FULL}


async def test_who_waits_for_room_is_woken_when_something_is_taken_out() -> None:
    buffer = RecordBuffer(lambda: 1_000)
    buffer.add(FULL, 1_000)
    waiting = asyncio.create_task(buffer.wait_for_room(60.0))
    await asyncio.sleep(0)
    buffer.remove(FULL, 1)
    await asyncio.wait_for(waiting, 5)


async def test_waiting_for_room_ends_by_itself() -> None:
    buffer = RecordBuffer(lambda: 1_000)
    await asyncio.wait_for(buffer.wait_for_room(0.001), 5)


async def test_after_a_rebalance_nothing_is_held() -> None:
    buffer = RecordBuffer(lambda: 1_000)
    buffer.add(FULL, 1_000)
    buffer.clear()
    assert buffer.held_bytes == 0
