import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from workers.adapters.graph.group_commit import ALONE_SECONDS, LONGEST_WAIT_SECONDS, Batch, GroupCommit
from workers.core.errors import Refused, Retryable
from workers.core.ports import Claim
from workers.core.record import TopicPartition
from workers.core.statement import Statement

LIMIT = 100


def batch(partition: int, records: int = 1, cypher: str = "UNWIND $rows AS row") -> Batch:
    claim = Claim("toy", TopicPartition("topic", partition), "token", 6)
    return Batch(claim, 6 + records, [Statement("sum", cypher, [])])


def group_of(database: "Database") -> GroupCommit:
    return GroupCommit(database.write, lambda: LIMIT)


@dataclass
class Database:
    """Runs transactions: ``began`` has the partitions of each; they end when ``free`` is set."""

    began: list[list[int]] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: Callable[[list[int]], bool] = lambda _: True
    cancelled: int = 0

    async def write(self, batches: Sequence[Batch]) -> bool:
        partitions = [each.claim.topic_partition.partition for each in batches]
        self.began.append(partitions)
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.outcome(partitions)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def behind_a_running_one(group: GroupCommit, *batches: Batch) -> list["asyncio.Task[bool]"]:
    """Start to write one batch of partition 0, and then the others."""
    first = asyncio.create_task(group.write(batch(0)))
    await turns()
    others = [asyncio.create_task(group.write(each)) for each in batches]
    await turns()
    return [first, *others]


async def test_the_first_batch_is_written_at_once_and_those_that_come_meanwhile_together() -> None:
    database = Database()
    writing = await behind_a_running_one(group_of(database), batch(1), batch(2))
    assert database.began == [[0]]

    database.free.set()

    assert await asyncio.gather(*writing) == [True, True, True]
    assert database.began == [[0], [1, 2]]


async def test_batches_that_are_ready_in_the_same_turn_are_written_together() -> None:
    database = Database()
    database.free.set()
    group = group_of(database)

    await asyncio.gather(*(group.write(batch(number)) for number in range(3)))

    assert database.began == [[0, 1, 2]]


async def test_a_large_batch_is_written_alone_and_beside() -> None:
    database = Database()
    writing = await behind_a_running_one(group_of(database), batch(1, records=LIMIT // 5 + 1))

    assert database.began == [[0], [1]]
    database.free.set()
    await asyncio.gather(*writing)


async def test_batches_with_other_statements_and_those_that_are_too_many_make_transactions_of_their_own() -> None:
    database = Database()
    many = [batch(number, records=LIMIT // 5) for number in range(1, 8)]
    writing = await behind_a_running_one(group_of(database), batch(8, cypher="RETURN 1"), *many)

    database.free.set()
    await asyncio.gather(*writing)

    assert database.began == [[0], [8], [1, 2, 3, 4, 5], [6, 7]]


async def test_a_batch_does_not_wait_long_for_a_group_that_is_held_up() -> None:
    database = Database()
    writing = await behind_a_running_one(group_of(database), batch(1))
    assert database.began == [[0]]

    async with asyncio.timeout(20 * LONGEST_WAIT_SECONDS):
        while database.began != [[0], [1]]:
            await asyncio.sleep(0.01)

    database.free.set()
    await asyncio.gather(*writing)


@pytest.mark.parametrize("failing", ["refused", "not let past"])
async def test_where_a_group_fails_each_batch_is_written_alone_and_only_one_is_at_fault(failing: str) -> None:
    def outcome(partitions: list[int]) -> bool:
        if 2 not in partitions:
            return True
        if failing == "refused":
            raise Refused("code", "not this one")
        return False

    database = Database(outcome=outcome)
    writing = await behind_a_running_one(group_of(database), batch(1), batch(2), batch(3))
    database.free.set()

    _, first, second, third = await asyncio.gather(*writing, return_exceptions=True)

    assert database.began == [[0], [1, 2, 3], [1], [2], [3]]
    assert (first, third) == (True, True)
    assert isinstance(second, Refused) if failing == "refused" else second is False


async def test_an_outage_is_every_batch_s_and_the_next_attempt_is_made_alone_until_it_succeeds() -> None:
    away = True

    def outcome(_: list[int]) -> bool:
        if away:
            raise Retryable("away")
        return True

    database = Database(outcome=outcome)
    database.free.set()
    group = group_of(database)

    async def both() -> list[bool | BaseException]:
        return await asyncio.gather(*(group.write(batch(number)) for number in (1, 2)), return_exceptions=True)

    assert all(isinstance(each, Retryable) for each in await both())
    assert all(isinstance(each, Retryable) for each in await both())
    away = False
    assert await both() == [True, True]
    assert database.began == [[1, 2], [1], [2], [1], [2]]

    await asyncio.sleep(ALONE_SECONDS + 0.1)
    await both()
    assert database.began[-1] == [1, 2]


async def test_a_batch_whose_partition_is_revoked_leaves_the_group() -> None:
    database = Database()
    first, leaving, staying = await behind_a_running_one(group_of(database), batch(1), batch(2))
    leaving.cancel()
    await turns()
    database.free.set()

    assert [*await asyncio.gather(first, staying)] == [True, True]
    assert database.began == [[0], [2]]


async def test_a_transaction_that_nobody_waits_for_is_cancelled_and_no_earlier() -> None:
    database = Database()
    group = group_of(database)
    writing = [asyncio.create_task(group.write(batch(number))) for number in (1, 2)]
    await turns()

    writing[0].cancel()
    await turns()
    assert database.cancelled == 0
    writing[1].cancel()
    await turns()
    assert database.cancelled == 1
    await asyncio.gather(*writing, return_exceptions=True)
