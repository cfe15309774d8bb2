"""Reads independent of batches: results, and the errors without a server."""

import neo4j
import pytest

from tests.proxy import TcpProxy
from workers.adapters.graph.reader import Neo4jReader
from workers.config.settings import Neo4jSettings
from workers.core.errors import Retryable
from workers.core.reference import Query

SQUARES = Query("UNWIND $numbers AS number RETURN number, number * number AS square", {"numbers": [2, 3]})


async def test_every_row_comes_by_column(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> None:
    reader = Neo4jReader(driver, settings.database)
    assert await reader.ask(SQUARES) == [{"number": 2, "square": 4}, {"number": 3, "square": 9}]


async def test_a_server_out_of_reach_may_be_asked_again_later(
    distant_driver: neo4j.AsyncDriver, settings: Neo4jSettings, proxy: TcpProxy
) -> None:
    reader = Neo4jReader(distant_driver, settings.database)
    assert await reader.ask(SQUARES)
    proxy.cut()
    with pytest.raises(Retryable):
        await reader.ask(SQUARES)


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    driver: neo4j.AsyncDriver, settings: Neo4jSettings
) -> None:
    reader = Neo4jReader(driver, settings.database, answer_seconds=0.05)
    endless = Query("UNWIND range(1, 1000000000) AS number RETURN max(number % 7) AS largest", {})
    with pytest.raises(Retryable):
        await reader.ask(endless)
