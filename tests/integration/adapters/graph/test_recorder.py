"""Writes independent of batches: committed on return, or an error."""

import neo4j
import pytest

from tests.integration.adapters.graph.scratch import Scratch
from tests.proxy import TcpProxy
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.config.settings import Neo4jSettings
from workers.core.errors import Refused, Retryable
from workers.core.reference import Query


def created(scratch: Scratch, value: object) -> Query:
    return Query(f"CREATE (n:{scratch.label}) SET n.value = $value", {"value": value})


async def test_what_is_recorded_is_there(scratch: Scratch) -> None:
    await Neo4jRecorder(scratch.driver, scratch.database).record(created(scratch, 1))
    assert await scratch.values() == [1]


async def test_a_server_out_of_reach_may_be_told_again_later(
    scratch: Scratch, distant_driver: neo4j.AsyncDriver, settings: Neo4jSettings, proxy: TcpProxy
) -> None:
    recorder = Neo4jRecorder(distant_driver, settings.database)
    await recorder.record(created(scratch, 1))
    proxy.cut()
    with pytest.raises(Retryable):
        await recorder.record(created(scratch, 2))


@pytest.mark.parametrize("cypher", ["CREATE (:{label} {{value: 1 / 0}})", "MERGE (:Watermark {{id: $missing}})"])
async def test_what_the_graph_cannot_hold_is_refused_and_leaves_nothing(scratch: Scratch, cypher: str) -> None:
    recorder = Neo4jRecorder(scratch.driver, scratch.database)
    with pytest.raises(Refused):
        await recorder.record(Query(cypher.format(label=scratch.label), {"missing": None}))
    assert await scratch.values() == []
