"""A whole server is gone: nothing is lost, and the minutes until the graph has everything again are measured."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.chaos.conftest import Arenas, Judge
from tests.chaos.disasters.bad_deploy import bad_deploy
from tests.chaos.conftest import HOME, Arenas, Judge
from tests.chaos.disasters.known import Disaster
from tests.chaos.disasters.measured import Measured
from tests.chaos.disasters.measured import write as write_measured
from tests.chaos.disasters.registry_database import (
    AFTER,
    FIRST,
    LOST,
    fail_over,
    present,
    recover,
    rows_as_graph,
    until_connector_failed,
    write,
)
from tests.chaos.disasters.scenarios import kafka_lost, neo4j_lost, partition_unreadable, schemas_lost, topology_bad
from tests.chaos.running.corner import SCHEMAS
from tests.chaos.running.replica import Replica
from tests.chaos.running.servers import Servers
from tests.chaos.scenario import Fault, play
from tests.end_to_end.program import PATIENCE_SECONDS, Program
from tests.model.graph_differences import differences
from tests.model.naive_model import Graph
from tests.model.registry_snapshot import registry_snapshot
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate


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


TOPOLOGY = """\
schemas: {schemas}
topics:
  registry-changes: {{partitions: 6, key: model_id, max_message_bytes: 16777216}}
workers:
  registry: {{topic: registry-changes, group: {group}, session_timeout_seconds: 6}}
"""


@pytest.fixture
def with_registry(servers: Servers) -> Iterator[Servers]:
    """Yield the servers, with the registry's database and Debezium until the end of the test."""
    servers.start()
    servers.add("cdc")
    yield servers
    servers.end("connect", "postgres")


@pytest.mark.full
async def test_the_graph_is_that_of_the_rows_after_the_registry_s_database_has_failed_over(
    with_registry: Servers, tmp_path: Path
) -> None:
    servers, name = with_registry, f"c{uuid4().hex[:10]}"
    topology = tmp_path / "topology.yaml"
    topology.write_text(TOPOLOGY.format(schemas=SCHEMAS, group=name))
    environment = {**servers.environment, "MEMORY_GRAPH_TOPOLOGY": str(topology)}
    database = environment["REGISTRY_DATABASE_URL"]
    server = servers.settings().neo4j
    async with open_driver(server) as driver:
        await migrate(driver, server.database)

        async def shown(url: str) -> None:
            """Wait until the graph has the rows of this database, and no others."""
            expected, deadline = rows_as_graph(url, name), time.monotonic() + PATIENCE_SECONDS
            while wrong := differences(await now(), expected):
                worker.check()
                assert time.monotonic() < deadline, "\n".join(wrong)
                await asyncio.sleep(0.1)

        async def now() -> Graph:
            return present(await registry_snapshot(driver, server.database, name))

        with Program(["worker", "registry"], environment, tmp_path / "log") as worker:
            records = write(database, name, FIRST)
            replica = Replica(servers, HOME / servers.name / "replica")
            await asyncio.to_thread(replica.copy)
            await shown(database)
            replica.stop()
            records += write(database, name, LOST)
            await shown(database)
            before = await now()
            servers.kill("postgres")
            fault = time.monotonic()
            missed = await asyncio.to_thread(fail_over, replica, name)
            await asyncio.to_thread(until_connector_failed, environment["KAFKA_CONNECT_URL"], worker)
            assert not differences(await now(), before), "the graph keeps what it has"
            await asyncio.to_thread(recover, environment, worker)
            await shown(database)
            seconds = round(time.monotonic() - fault, 1)
            records += missed + write(database, name, AFTER)
            await shown(database)
            assert worker.stop() == 0
    write_measured(Measured(Disaster.REGISTRY_FAILED_OVER, seconds, records, missed, 0), HOME)
