"""A whole server is gone: nothing is lost, and the minutes until the graph has everything again are measured."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.chaos.conftest import HOME, Arenas, Judge
from tests.chaos.disasters.bad_deploy import bad_deploy
from tests.chaos.disasters.measured import write
from tests.chaos.disasters.regions import region_switch
from tests.chaos.disasters.registry_database import Failover
from tests.chaos.disasters.scenarios import kafka_lost, neo4j_lost, partition_unreadable, schemas_lost, topology_bad
from tests.chaos.running.corner import SCHEMAS
from tests.chaos.running.replica import Replica
from tests.chaos.running.servers import Servers
from tests.chaos.scenario import Fault, play
from tests.end_to_end.program import Program
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate

TOPOLOGY = """\
schemas: {schemas}
topics:
  registry-changes: {{partitions: 6, key: model_id, max_message_bytes: 16777216}}
workers:
  registry: {{topic: registry-changes, group: {group}, session_timeout_seconds: 6}}
"""


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
        pytest.param("ledger", region_switch, id="region lost"),
    ],
)
async def test_nothing_is_lost(worker: str, fault: Fault, arenas: Arenas, judged: Judge) -> None:
    arena = await arenas(worker)
    await play(arena, fault)
    assert not (await judged(arena)).findings


@pytest.fixture
def with_registry(servers: Servers) -> Iterator[Servers]:
    """Yield the servers, with the registry's database and Debezium until the end of the test."""
    servers.start()
    servers.add("cdc")
    yield servers
    servers.end("connect", "postgres")


@pytest.fixture
def replica(with_registry: Servers) -> Iterator[Replica]:
    """Yield a replica of the registry's database that is not there yet."""
    replica = Replica(with_registry, HOME / with_registry.name / "replica")
    yield replica
    replica.stop()


@pytest.mark.full
async def test_the_graph_is_that_of_the_rows_after_the_registry_s_database_has_failed_over(
    with_registry: Servers, replica: Replica, tmp_path: Path
) -> None:
    servers, name = with_registry, f"c{uuid4().hex[:10]}"
    topology = tmp_path / "topology.yaml"
    topology.write_text(TOPOLOGY.format(schemas=SCHEMAS, group=name))
    environment = {**servers.environment, "MEMORY_GRAPH_TOPOLOGY": str(topology)}
    neo4j = servers.settings().neo4j
    async with open_driver(neo4j) as driver:
        await migrate(driver, neo4j.database)
        with Program(["worker", "registry"], environment, tmp_path / "log") as worker:
            found = await Failover(servers, environment, name, driver, worker).play(replica)
            assert worker.stop() == 0
    write(found, HOME)
