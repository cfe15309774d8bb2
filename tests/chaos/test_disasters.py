"""A whole server is gone: nothing is lost, and the minutes until the graph has everything again are measured."""

import pytest

from tests.chaos.conftest import Arenas, Judge
from tests.chaos.disasters.bad_deploy import bad_deploy
from tests.chaos.disasters.scenarios import kafka_lost, neo4j_lost, partition_unreadable, schemas_lost, topology_bad
from tests.chaos.scenario import Fault, play


@pytest.mark.full
@pytest.mark.parametrize(
    ("worker", "fault"),
    [
        pytest.param("ledger", neo4j_lost, id="Neo4j lost"),
        pytest.param("ledger", kafka_lost, id="Kafka lost"),
        pytest.param("ledger", partition_unreadable, id="one partition unreadable"),
        pytest.param("ledger", schemas_lost, id="schema registry lost"),
        pytest.param("telemetry", bad_deploy, id="bad deploy"),
        pytest.param("ledger", topology_bad, id="bad topology.yaml"),
    ],
)
async def test_nothing_is_lost(worker: str, fault: Fault, arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(worker)
    await play(arena, fault)
    assert not (await judged(arena)).findings
