"""Random SQL changes reach the graph through PostgreSQL, Debezium and Kafka, despite killed processes.

``--hypothesis-seed N`` selects other changes; a failure prints its seed.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import neo4j
import psycopg
import pytest

from tests.end_to_end.killed_server import kill, start_again
from tests.end_to_end.program import PATIENCE_SECONDS, Program, get, run, until
from tests.end_to_end.registry_database import Database
from tests.integration.pipelines.registry.change_log import ChangeLog, Seen
from tests.integration.pipelines.registry.test_new_snapshot import ROWS
from tests.model.graph_differences import differences
from tests.model.naive_model import Graph
from tests.model.naive_registry import naive_registry
from tests.model.registry_sequences import OPERATIONS, Operation, drawn
from tests.model.registry_snapshot import registry_snapshot
from tests.model.registry_source import Change
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.lag import group_lag
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.topics import apply_topology, delete_records
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack
from workers.pipelines.fleet import load_topology

TOPIC = "registry-changes"
SEED = 11
SEQUENCES = 100
"""For each of the two writers: 5,000 operations over 200 models."""
TOPOLOGY = """\
topics:
  registry-changes: {{partitions: 6, key: model_id, max_message_bytes: 16777216}}
workers:
  registry:
    topic: registry-changes
    group: {group}
    order: strict
    session_timeout_seconds: 6
"""
CLEAR = """
MATCH (n:Model|ModelVersion|Price|Capability|Schema|SchemaVersion)
WHERE coalesce(n.model_id, n.schema_id, n.name) STARTS WITH $name
DETACH DELETE n
"""


EMPTY = """
MATCH (w:Watermark) SET w.token = '' WITH count(w) AS locked
MATCH (n) WHERE NOT n:Migration DETACH DELETE n
"""
"""As the documentation says for running workers. Nobody else uses the graph: tests that share it run in one process."""
OF_ALL_TABLES = {"Model", "ModelVersion", "Price", "Schema", "SchemaVersion"}


class Corner(NamedTuple):
    """This test's part of the servers; ids and consumer group start with ``name``."""

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
async def driver(settings: Settings) -> AsyncIterator[neo4j.AsyncDriver]:
    async with open_driver(settings.neo4j) as driver:
        await migrate(driver, settings.neo4j.database)
        yield driver


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--hypothesis-seed") or SEED)


@pytest.fixture
def writers(stack_with_cdc: RunningStack) -> Iterator[tuple[Database, Database]]:
    with ExitStack() as both:
        one, other = (psycopg.connect(stack_with_cdc.registry_database, autocommit=True) for _ in range(2))
        yield Database(both.enter_context(one)), Database(both.enter_context(other))


async def test_two_writers_changes_come_to_the_naive_model_although_worker_connect_and_broker_are_killed(
    corner: Corner, writers: tuple[Database, Database], stack_with_cdc: RunningStack, seed: int
) -> None:
    sequences, log = drawn(seed, corner.name, SEQUENCES), ChangeLog(stack_with_cdc)
    assert sum(map(len, sequences)) == 2 * SEQUENCES * OPERATIONS
    server = corner.settings.neo4j
    async with open_driver(server) as driver:
        await migrate(driver, server.database)
        with corner.worker("killed.log") as killed:
            address = killed.until_ready()
            until(lambda: corner.lag() == 0, "what other tests have changed", killed)
            before = written(address)
            during(writers, third(sequences, 0), lambda: killed_at_work(killed, address, before))
        with corner.worker("second.log") as second:
            address = second.until_ready()
            for part, killed_server in enumerate(("connect", "kafka"), start=1):
                during(writers, third(sequences, part), partial(kill, stack_with_cdc, killed_server))
                start_again(stack_with_cdc)
            changes = sum(writer.changes for writer in writers)
            seen = await log.until(lambda all_seen: len(told(all_seen, corner.name)) >= changes)
            until(lambda: corner.lag() == 0, "lag zero", second)
            metrics = get(f"{address}/metrics").text
            assert second.stop() == 0
        found, expected = await registry_snapshot(driver, server.database, corner.name), naive(seen, corner.name)
        verified, edited = await asyncio.to_thread(verify, corner), await edit_one(driver, corner)
        named = await asyncio.to_thread(verify, corner)
        await driver.execute_query(CLEAR, name=corner.name, database_=server.database)
    wrong = differences(found, expected)
    assert not wrong, f"{len(wrong)} differences, again with --hypothesis-seed {seed}:\n" + "\n".join(wrong[:20])
    assert sum(label == "Model" for label, _ in expected.nodes) >= 2 * SEQUENCES
    assert verified == [], "graph verify folds the same changes again"
    assert [(each["subject"], each["name"]) for each in named] == [(f"Model {edited}", "provider")]
    assert 'llm_memory_graph_registry_conflicts_total{conflict_type="concurrent_model_update"' in metrics
    assert second.events("conflict")


async def test_rows_older_than_the_topic_come_back_to_an_emptied_graph_by_one_command(
    corner: Corner, stack_with_cdc: RunningStack, driver: neo4j.AsyncDriver
) -> None:
    with psycopg.connect(stack_with_cdc.registry_database, autocommit=True) as database, corner.worker("log") as worker:
        for row in ROWS.values():
            database.execute(row, (corner.name,))
        worker.until_ready()
        full = await shown(driver, corner, lambda graph: {label for label, _ in graph.nodes} == OF_ALL_TABLES)
        until(lambda: corner.lag() == 0, "lag zero", worker)
        ends = TopicReader(corner.settings.kafka, TOPIC).end_offsets()
        delete_records(Admin(corner.settings.kafka), TOPIC, ends)
        await driver.execute_query(EMPTY, database_=corner.settings.neo4j.database)
        assert (await shown(driver, corner)).nodes == {}
        code, _, said = run(["registry", "resnapshot", "--execute", "--why", "it was emptied"], corner.environment)
        assert code == 0, said
        again = await shown(driver, corner, lambda graph: {label for label, _ in graph.nodes} == OF_ALL_TABLES)
        assert (again.nodes, again.relationships) == (full.nodes, full.relationships)
        assert worker.stop() == 0


async def shown(
    driver: neo4j.AsyncDriver, corner: Corner, enough: Callable[[Graph], bool] = lambda _graph: True
) -> Graph:
    """Return what the graph has of this test, once it is enough."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not enough(found := await registry_snapshot(driver, corner.settings.neo4j.database, corner.name)):
            await asyncio.sleep(0.2)
    return found


def test_the_command_that_purges_answers_on_an_orderly_graph(corner: Corner) -> None:
    code, shown, _ = run(["registry", "purge"], corner.environment)
    assert (code, "add --execute" in shown or "nothing to do" in shown) == (0, True)


def verify(corner: Corner) -> list[dict[str, Any]]:
    """Return what ``graph verify`` says about this test's models and schemas."""
    command = ["graph", "verify", "--check", "registry", "-o", "json", "--limit", "1000000"]
    document = json.loads(run(command, corner.environment)[1])
    assert document["registry"]["compared"] >= 2 * SEQUENCES
    return [each for each in document["differences"] if corner.name in each["subject"]]


async def edit_one(driver: neo4j.AsyncDriver, corner: Corner) -> str:
    """Change a property of a model that has one; return its id."""
    edit = "MATCH (m:Model) WHERE m.model_id STARTS WITH $name AND m.provider IS NOT NULL WITH m LIMIT 1 "
    done = await driver.execute_query(
        f"{edit}SET m.provider = 'edited' RETURN m.model_id AS model_id",
        name=corner.name,
        database_=corner.settings.neo4j.database,
    )
    model_id: str = done.records[0]["model_id"]
    return model_id


def during(writers: Sequence[Database], shares: Sequence[Sequence[Operation]], disturb: Callable[[], object]) -> None:
    """Run both writers' shares in parallel; call ``disturb`` halfway; return when both are done."""
    before, half = sum(writer.changes for writer in writers), sum(map(len, shares)) // 2
    with ThreadPoolExecutor(len(writers)) as pool:
        running = [pool.submit(writer.run, share) for writer, share in zip(writers, shares, strict=True)]
        # Deletes of rows that are already gone change nothing: they are less than a tenth of all changes.
        until(lambda: sum(writer.changes for writer in writers) > before + half * 0.9, "half of the changes")
        disturb()
        for each in running:
            each.result()


def third(sequences: Sequence[Sequence[Operation]], part: int) -> list[Sequence[Operation]]:
    return [sequence[len(sequence) * part // 3 : len(sequence) * (part + 1) // 3] for sequence in sequences]


def killed_at_work(worker: Program, address: str, written_before: float) -> None:
    """Kill the worker as soon as it has written some of the changes."""
    until(lambda: written(address) > written_before, "changes in the graph", worker)
    worker.kill()


def written(address: str) -> float:
    """Return how many changes this worker has written to the graph."""
    lines = get(f"{address}/metrics").text.splitlines()
    name = "llm_memory_graph_registry_sync_success_total{"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def told(seen: Sequence[Seen], name: str) -> list[Seen]:
    """Return the change events of this test, without duplicates."""
    mine = [each for each in seen if each.fields and name.encode() in (each.record.key or b"")]
    return list({(str(each.record.key), each.fields["source"]["lsn"]): each for each in mine if each.fields}.values())


def naive(seen: Sequence[Seen], name: str) -> Graph:
    """Return the graph that the log must give."""
    mine = [each for each in seen if each.fields and name.encode() in (each.record.key or b"")]
    return naive_registry(Change(each.record.key or b"", dict(each.fields)) for each in mine if each.fields)
