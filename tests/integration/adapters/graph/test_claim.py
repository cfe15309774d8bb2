"""The owner of a partition, and its first offset."""

import asyncio

import pytest

from tests.integration.adapters.graph.scratch import Scratch
from workers.adapters.graph.writer import Neo4jWriter
from workers.core.errors import Fenced, Retryable
from workers.core.ports import NOTHING_WRITTEN


async def test_the_first_claim_finds_nothing_written(writer: Neo4jWriter, scratch: Scratch) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")

    assert claim.offset == NOTHING_WRITTEN
    assert claim.epoch == 0
    assert claim.worker == scratch.worker
    assert claim.topic_partition == scratch.partition


async def test_the_next_claim_continues_where_the_last_owner_stopped(writer: Neo4jWriter, scratch: Scratch) -> None:
    first = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    await writer.write(first, 41, [scratch.create("a")])

    second = await writer.claim(scratch.worker, scratch.partition, "topic-1")

    assert second.offset == 41
    assert second.token != first.token
    assert second.epoch == 0


async def test_a_recreated_topic_starts_its_offsets_anew_in_the_next_epoch(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    first = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    await writer.write(first, 41, [scratch.create("a")])

    second = await writer.claim(scratch.worker, scratch.partition, "topic-2")
    assert (second.offset, second.epoch) == (NOTHING_WRITTEN, 1)
    await writer.write(second, 0, [scratch.create("b")])

    third = await writer.claim(scratch.worker, scratch.partition, "topic-2")
    assert (third.offset, third.epoch) == (0, 1)
    assert await scratch.values() == ["a", "b"]


async def test_a_watermark_that_was_wiped_begins_again(writer: Neo4jWriter, scratch: Scratch) -> None:
    first = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    await writer.write(first, 41, [])
    await scratch.clear()

    second = await writer.claim(scratch.worker, scratch.partition, "topic-1")

    assert (second.offset, second.epoch) == (NOTHING_WRITTEN, 0)


async def test_partitions_and_workers_have_watermarks_of_their_own(writer: Neo4jWriter, scratch: Scratch) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    neighbour = await writer.claim(scratch.worker, scratch.partition._replace(partition=4), "topic-1")
    colleague = await writer.claim(f"{scratch.worker}/other", scratch.partition, "topic-1")

    await writer.write(claim, 7, [scratch.create("a")])
    await writer.write(neighbour, 3, [scratch.create("b")])

    assert colleague.offset == NOTHING_WRITTEN
    assert (await writer.claim(scratch.worker, scratch.partition, "topic-1")).offset == 7


async def test_of_many_claims_at_once_one_node_remains_and_one_owner(writer: Neo4jWriter, scratch: Scratch) -> None:
    claims = await asyncio.gather(*(writer.claim(scratch.worker, scratch.partition, "topic-1") for _ in range(8)))

    rows = await scratch.query(
        "MATCH (w:Watermark) WHERE w.id STARTS WITH $id RETURN w.token AS token, w.epoch AS epoch",
        id=f"{scratch.worker}/",
    )
    assert len(rows) == 1
    assert rows[0]["epoch"] == 0
    assert rows[0]["token"] in {claim.token for claim in claims}


async def test_a_claim_waits_for_the_write_under_way_and_sees_its_offset(writer: Neo4jWriter, scratch: Scratch) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    async with scratch.held("gate"):
        write = asyncio.create_task(writer.write(claim, 9, [scratch.create("a"), scratch.touch("gate")]))
        await scratch.until_blocked(1)
        next_claim = asyncio.create_task(writer.claim(scratch.worker, scratch.partition, "topic-1"))
        await scratch.until_blocked(2)

    await write
    assert (await next_claim).offset == 9


async def test_a_claim_that_waited_while_the_graph_was_wiped_is_repeated(writer: Neo4jWriter, scratch: Scratch) -> None:
    await writer.write(await writer.claim(scratch.worker, scratch.partition, "topic-1"), 41, [])
    async with scratch.wiping():
        claiming = asyncio.create_task(writer.claim(scratch.worker, scratch.partition, "topic-1"))
        await scratch.until_blocked()

    with pytest.raises(Retryable, match="deleted"):
        await claiming
    assert (await writer.claim(scratch.worker, scratch.partition, "topic-1")).offset == NOTHING_WRITTEN


async def test_a_check_and_a_write_that_waited_while_the_graph_was_wiped_are_fenced(
    writer: Neo4jWriter, scratch: Scratch
) -> None:
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    async with scratch.wiping():
        checking = asyncio.create_task(writer.check(claim))
        writing = asyncio.create_task(writer.write(claim, 41, [scratch.create("a")]))
        await scratch.until_blocked(2)

    outcomes = await asyncio.gather(checking, writing, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Fenced, Fenced]
    assert await scratch.values() == []
