"""Random changes by SQL, through PostgreSQL, Debezium and Kafka to the graph, with the worker killed on the way."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest

from tests.end_to_end.program import Program, get, run, until
from tests.end_to_end.registry_database import Database
from tests.integration.registry.change_log import ChangeLog, Seen
from tests.model.naive_registry import naive_registry
from tests.model.registry_changes import Registry
from tests.model.registry_snapshot import registry_snapshot
from tests.model.registry_source import Change
from tests.model.traffic import seeded
from workers.config.settings import Settings
from workers.config.topology import load_topology
from workers.graph.driver import open_driver
from workers.graph.migrate import migrate
from workers.kafka.admin import Admin
from workers.kafka.lag import group_lag
from workers.kafka.topics import apply_topology
from workers.stack.running import RunningStack

TOPIC = "registry-changes"
TOPOLOGY = """\
topics:
  registry-changes: {{partitions: 6, key: model_id, max_message_bytes: 16777216}}
workers:
  registry:
    topic: registry-changes
    group: {group}
    session_timeout_seconds: 6
    state: {{ttl_hours: 0}}
"""
CLEAR = """
MATCH (n:Model|ModelVersion|Price|Capability|Schema|SchemaVersion)
WHERE coalesce(n.model_id, n.schema_id, n.name) STARTS WITH $name
DETACH DELETE n
"""


class Corner(NamedTuple):
    """What belongs to this test alone: all ids, and the consumer group, start with ``name``."""

    name: str
    settings: Settings
    environment: dict[str, str]
    folder: Path

    def worker(self, log: str) -> Program:
        return Program(["worker", "registry"], self.environment, self.folder / log)

    def lag(self) -> int:
        return sum(part.lag for part in group_lag(self.settings.kafka, self.name, TOPIC).values())


@pytest.fixture
def corner(stack_with_cdc: RunningStack, settings: Settings, tmp_path: Path) -> Iterator[Corner]:
    name = f"registry-{uuid4().hex[:8]}"
    topology = tmp_path / "topology.yaml"
    topology.write_text(TOPOLOGY.format(group=name))
    apply_topology(settings.kafka, load_topology(topology), execute=True)
    environment = {**stack_with_cdc.environment, "MEMORY_GRAPH_TOPOLOGY": str(topology)}
    yield Corner(name, settings, environment, tmp_path)
    admin = Admin(settings.kafka)
    mine = [topic for topic in admin.topics() if topic.startswith(name)]
    admin.results(admin.client.delete_topics(mine) if mine else {})


@pytest.fixture
def connection(stack_with_cdc: RunningStack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack_with_cdc.registry_database, autocommit=True) as connection:
        yield connection


async def test_random_changes_by_sql_come_to_the_naive_model_although_the_worker_is_killed(
    corner: Corner, connection: psycopg.Connection[Any], stack_with_cdc: RunningStack
) -> None:
    neo4j = corner.settings.neo4j
    log, database = ChangeLog(stack_with_cdc), Database(connection)
    registry = Registry(seeded(11), corner.name, 20)
    registry.source = database
    async with open_driver(neo4j) as driver:
        await migrate(driver, neo4j.database)
        with corner.worker("killed.log") as killed:
            killed.until_ready()
            for _ in range(400):
                registry.change()
            killed.until_logged("partition claimed", 2)
            killed.kill()
        for _ in range(400):
            registry.change()
        seen = await log.until(lambda all_seen: len(told(all_seen, corner.name)) >= database.changes)
        with corner.worker("second.log") as second:
            address = second.until_ready()
            until(lambda: corner.lag() == 0, "lag zero", second)
            metrics = get(f"{address}/metrics").text
            assert second.stop() == 0
        found, expected = await registry_snapshot(driver, neo4j.database, corner.name), naive(seen, corner.name)
        await driver.execute_query(CLEAR, name=corner.name, database_=neo4j.database)
    assert found.nodes == expected.nodes
    assert found.relationships == expected.relationships
    assert 'llm_memory_graph_registry_conflicts_total{conflict_type="concurrent_model_update"' in metrics
    assert second.events("conflict")


def test_the_command_that_purges_answers_on_an_orderly_graph(corner: Corner) -> None:
    code, shown, _ = run(["registry", "purge"], corner.environment)
    assert (code, "add --execute" in shown or "nothing to do" in shown) == (0, True)


def told(seen: Sequence[Seen], name: str) -> list[Seen]:
    """The change events of this test, copies left out."""
    mine = [each for each in seen if each.fields and name.encode() in (each.record.key or b"")]
    return list({(str(each.record.key), each.fields["source"]["lsn"]): each for each in mine if each.fields}.values())


def naive(seen: Sequence[Seen], name: str) -> Any:
    """What the log comes to, each row's changes in their order."""
    mine = [each for each in seen if each.fields and name.encode() in (each.record.key or b"")]
    return naive_registry(Change(each.record.key or b"", dict(each.fields)) for each in mine if each.fields)
