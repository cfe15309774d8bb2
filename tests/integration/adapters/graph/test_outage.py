"""Connections that break at critical moments: a retry always writes the batch exactly once."""

import asyncio

import neo4j
import pytest

from tests.integration.adapters.graph.scratch import PATIENCE_SECONDS, Scratch
from tests.proxy import TcpProxy
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Neo4jSettings
from workers.core.errors import Retryable, TransactionFailed
from workers.core.statement import Statement


async def test_an_answer_lost_after_the_commit_is_resolved_by_the_retry(
    distant_writer: Neo4jWriter, scratch: Scratch, proxy: TcpProxy
) -> None:
    claim = await distant_writer.claim(scratch.worker, scratch.partition, "topic-1")
    proxy.lose_answer(request=claim.token.encode())
    with pytest.raises(Retryable):
        await distant_writer.write(claim, 5, [scratch.create("a", "b")])
    assert proxy.triggered.is_set()
    assert await scratch.values() == ["a", "b"], "the server had committed"

    proxy.mend()
    await distant_writer.write(claim, 5, [scratch.create("a", "b")])

    assert await scratch.values() == ["a", "b"]


async def test_a_connection_cut_before_the_batch_arrives_loses_nothing(
    distant_writer: Neo4jWriter, scratch: Scratch, proxy: TcpProxy
) -> None:
    claim = await distant_writer.claim(scratch.worker, scratch.partition, "topic-1")
    proxy.cut_at(request=claim.token.encode())
    with pytest.raises(Retryable):
        await distant_writer.write(claim, 5, [scratch.create("a", "b")])
    assert proxy.triggered.is_set()
    assert await scratch.values() == []

    proxy.mend()
    await distant_writer.write(claim, 5, [scratch.create("a", "b")])

    assert await scratch.values() == ["a", "b"]


async def test_a_connection_cut_in_the_middle_of_a_transaction_doubles_nothing(
    distant_writer: Neo4jWriter, scratch: Scratch, proxy: TcpProxy
) -> None:
    claim = await distant_writer.claim(scratch.worker, scratch.partition, "topic-1")
    batch = [scratch.create("a", "b"), scratch.touch("gate")]
    async with scratch.held("gate"):
        write = asyncio.create_task(distant_writer.write(claim, 5, batch))
        await scratch.until_blocked()
        proxy.cut()
        with pytest.raises(Retryable):
            await write

    proxy.mend()
    await distant_writer.write(claim, 5, batch)

    assert await scratch.values() == ["a", "b"]


async def test_a_frozen_server_is_given_up_and_what_it_does_later_doubles_nothing(
    distant_driver: neo4j.AsyncDriver,
    distant_writer: Neo4jWriter,
    writer: Neo4jWriter,
    scratch: Scratch,
    proxy: TcpProxy,
) -> None:
    impatient = Neo4jWriter(distant_driver, scratch.database, transaction_seconds=0.5, answer_seconds=0)
    claim = await distant_writer.claim(scratch.worker, scratch.partition, "topic-1")
    proxy.freeze()
    with pytest.raises(Retryable):
        await impatient.write(claim, 5, [scratch.create("a", "b")])

    proxy.mend()  # delivers the frozen request, whose sender has given up
    await writer.write(claim, 5, [scratch.create("a", "b")])
    await until_closed(proxy)

    assert await scratch.values() == ["a", "b"]


async def test_a_server_that_is_down_is_retryable_for_claims_and_writes(
    distant_writer: Neo4jWriter, scratch: Scratch, proxy: TcpProxy
) -> None:
    claim = await distant_writer.claim(scratch.worker, scratch.partition, "topic-1")
    proxy.cut()

    with pytest.raises(Retryable):
        await distant_writer.claim(scratch.worker, scratch.partition, "topic-1")
    with pytest.raises(Retryable):
        await distant_writer.write(claim, 5, [scratch.create("a")])

    proxy.mend()
    await distant_writer.write(claim, 5, [scratch.create("a")])
    assert await scratch.values() == ["a"]


async def test_a_port_where_nobody_listens_is_retryable(settings: Neo4jSettings, scratch: Scratch) -> None:
    async with open_driver(settings.model_copy(update={"uri": "bolt://127.0.0.1:1"})) as driver:
        with pytest.raises(Retryable):
            await Neo4jWriter(driver, settings.database).claim(scratch.worker, scratch.partition, "topic-1")


async def test_a_transaction_that_takes_too_long_is_given_up_and_holds_no_lock(
    driver: neo4j.AsyncDriver, writer: Neo4jWriter, scratch: Scratch
) -> None:
    impatient = Neo4jWriter(driver, scratch.database, transaction_seconds=0.5)
    claim = await writer.claim(scratch.worker, scratch.partition, "topic-1")
    async with scratch.held("gate"):
        with pytest.raises(Retryable):
            await impatient.write(claim, 5, [scratch.create("a"), scratch.touch("gate")])
        await writer.write(claim, 5, [scratch.create("b")])

    assert await scratch.values() == ["b"]


async def test_a_cancelled_write_gives_its_connection_and_its_locks_back(
    distant_writer: Neo4jWriter, scratch: Scratch, proxy: TcpProxy
) -> None:
    claim = await distant_writer.claim(scratch.worker, scratch.partition, "topic-1")
    async with scratch.held("gate"):
        write = asyncio.create_task(distant_writer.write(claim, 5, [scratch.create("a"), scratch.touch("gate")]))
        await scratch.until_blocked()
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        await until_closed(proxy)
        await distant_writer.write(claim, 5, [scratch.create("b")])

    assert await scratch.values() == ["b"]


async def until_closed(proxy: TcpProxy) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while proxy.connections:
            await asyncio.sleep(0.02)


async def test_a_transaction_that_is_too_slow_is_no_outage(driver: neo4j.AsyncDriver, scratch: Scratch) -> None:
    impatient = Neo4jWriter(driver, scratch.database, transaction_seconds=1)
    claim = await impatient.claim(scratch.worker, scratch.partition, "topic-1")
    spin = "UNWIND $rows AS row UNWIND range(1, row[0]) AS step WITH row, count(step) AS n CREATE (:Spun {n: n})"
    with pytest.raises(TransactionFailed, match="TransactionTimedOut"):
        await impatient.write(claim, 5, [Statement("spin", spin, [(10**12,)])])
    assert (await impatient.claim(scratch.worker, scratch.partition, "topic-1")).offset == -1
