"""One Model for each model: any order of traffic and registry changes comes to the naive model's relationships."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import uuid4

import neo4j
import pytest

from tests.model.graph_snapshot import graph_snapshot
from tests.model.naive_model import Graph, naive_model
from tests.model.naive_names import naive_names, registered
from tests.model.registry_source import Source, jsonb
from tests.model.traffic import BEGINS, MODELS, TIMES, Maker, Sent, seeded, traffic
from tests.unit.pipelines.registry.driven import Table as RegistryTable
from tests.unit.pipelines.telemetry.driven import Table, parsed
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.config.settings import Neo4jSettings
from workers.core.reference import Query
from workers.core.statement import Statement
from workers.engine.reference_data import refresh
from workers.pipelines.telemetry.jobs.queries import COMPATIBLE
from workers.pipelines.telemetry.jobs.settle_names import COMPARED_EVERY_MS, SettleNames
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.reference import GRAPH_VERSION, RegistryReference
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, RegistryModel
from workers.pipelines.telemetry.worker import build_with

CATALOGUE = Catalogue()
OPTIONS = TelemetryOptions(topic="llm-telemetry-events", group="telemetry")
PROVIDERS = tuple(provider for provider, _ in MODELS)
CLEAR = """
MATCH (n:Invocation|Model|ModelName|ModelVersion|Price|Error|PerformanceMetric|SchemaVersion|Schema|UsageWindow)
WHERE n.trace_id STARTS WITH $name OR any(id IN [n.model_id, n.name, n.schema_id] WHERE id ENDS WITH $name)
DETACH DELETE n
"""
WINDOW = """
MERGE (m:Model {model_id: $id}) ON CREATE SET m.stub = true
MERGE (w:UsageWindow {id: $id, model_id: $id}) MERGE (m)-[:HAS_USAGE]->(w)
"""
USED_SCHEMAS = """
MERGE (stub:Model {model_id: $alias}) ON CREATE SET stub.stub = true
WITH stub MATCH (m:Model {model_id: $model_id})
UNWIND [['s', '1', false], ['s', '2', true], ['t', '1', false]] AS one
MERGE (s:Schema {schema_id: one[0] + '-' + $name})
MERGE (s)-[:HAS_VERSION]->(v:SchemaVersion {version_id: s.schema_id + '@' + one[1], schema_id: s.schema_id})
SET v.compatible_models = [$alias]
MERGE (v)-[:COMPATIBLE_WITH]->(stub)
WITH v, CASE WHEN one[2] THEN m ELSE stub END AS user
MERGE (user)-[:USES_SCHEMA]->(v)
"""
OWN_NAMES = "MATCH (n:ModelName WHERE n.name ENDS WITH '{}')"
"""Other tests' names in the shared graph would fill the job's pages."""


class OwnHistory(RegistryHistory):
    """The history of this test only, from a shared graph."""

    def __init__(self, name: str) -> None:
        super().__init__(CATALOGUE.named)
        self.name = name

    def update(self, models: Iterable[RegistryModel]) -> None:
        super().update(model for model in models if model.model_id.endswith(self.name))


class World:
    """One test's part of the graph, with a registry, both workers, and the job."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str) -> None:
        self.driver, self.database, self.name = driver, database, f"n{uuid4().hex}"
        self.reader, self.recorder = Neo4jReader(driver, database), Neo4jRecorder(driver, database)
        history = OwnHistory(self.name)
        self.reference = RegistryReference(history)
        self.telemetry, self.registry = Table(build_with(history, CATALOGUE, OPTIONS)), RegistryTable()
        self.job = SettleNames(OwnHistory(self.name), CATALOGUE.entry)
        self.source, self.read, self.folded = Source(), 0, 0
        self.now = 0

    def id(self, model: str) -> str:
        return f"{model}-{self.name}"

    async def sync(self) -> None:
        """Fold what the registry has changed."""
        plan = self.registry.take(self.source.log[self.read :])
        self.read = len(self.source.log)
        await self.run(plan)

    async def learn(self) -> None:
        await refresh(self.reference, self.reader.ask)

    async def fold(self, log: Sequence[Sent]) -> None:
        plan, entries = self.telemetry.plan(parsed(log, self.folded))
        self.folded += len(log)
        await self.run(plan)
        self.telemetry.states.update(entries)

    async def run(self, plan: Sequence[Statement]) -> None:
        async with self.driver.session(database=self.database) as session, await session.begin_transaction() as work:
            for statement in plan:
                await work.run(statement.cypher, {"rows": statement.rows})

    async def round(self) -> int:
        """Run one round of the job on this test's part of the graph; return the number of its steps."""
        self.now += 1_000
        rows = await self.reader.ask(self._asked())
        steps = list(self.job.steps([row for row in rows if self._mine(row)], self.now))
        for step in steps:
            assert step.record is not None
            await self.recorder.record(step.record)
        return len(steps)

    def _asked(self) -> Query:
        query = self.job.query(self.now)
        return Query(query.cypher.replace("MATCH (n:ModelName)", OWN_NAMES.format(self.name)), query.parameters)

    async def settle(self) -> None:
        """Run the job until it has read the registry, compared all names once more, and then found none that is due."""
        while self.job.query(self.now).cypher != GRAPH_VERSION:
            await self.round()
        self.now += COMPARED_EVERY_MS
        compared = False
        while not (compared and self.job.query(self.now).cypher == GRAPH_VERSION):
            compared = compared or self.job.query(self.now).cypher == COMPATIBLE
            if await self.round():
                self.now, compared = self.now + COMPARED_EVERY_MS, False

    def _mine(self, row: dict[str, Any]) -> bool:
        return self.name in row.get("id", row.get("version_id", self.name))

    async def query(self, cypher: str, **parameters: object) -> list[Any]:
        found = await self.driver.execute_query(cypher, dict(parameters), database_=self.database)
        return [record.values() for record in found.records]

    async def shown(self, log: Iterable[Sent]) -> Graph:
        """Return the relationships to Models, and the stubs."""
        traces = {fields["trace_id"] for _, fields in log} - {None}
        names = "MATCH (m:Model) WHERE m.model_id ENDS WITH $name RETURN m.model_id, m.stub"
        models = await self.query(names, name=self.name)
        graph = await graph_snapshot(self.driver, self.database, sorted(traces), [model_id for model_id, _ in models])
        kept = {r for r in graph.relationships if "Model" in (r[0][0], r[2][0])}
        return Graph({("Model", model_id): {"stub": True} for model_id, stub in models if stub}, kept)


@pytest.fixture
async def world(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> AsyncIterator[World]:
    world = World(driver, settings.database)
    yield world
    await world.query(CLEAR, name=world.name)


def at(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


class Registry:
    """Random changes: models whose aliases are added, removed and moved, deleted and registered again."""

    def __init__(self, world: World, random: Random) -> None:
        self.world, self.random = world, random
        self.names = [world.id(model) for _, model in MODELS]
        self.providers = {world.id(model): random.choice((*PROVIDERS, "other")) for model in ("a", "b", "c")}
        self.providers[random.choice(self.names)] = random.choice(PROVIDERS)

    def change(self) -> None:
        model_id, source = self.random.choice(list(self.providers)), self.world.source
        known = source.rows.get(("models", (model_id,)))
        if known and self.random.random() < 0.2:
            source.delete("models", model_id)
            return
        since = at(BEGINS + self.random.choice(TIMES) + self.random.choice((-1, 0, 500)))
        row = {
            "model_id": model_id,
            "provider": self.providers[model_id],
            "version": "1999-01-01",
            "effective_from": known["effective_from"] if known and self.random.random() < 0.6 else since,
            "deprecated": False,
            "metadata": jsonb({"aliases": self.random.sample(self.names, self.random.randint(0, 2))}),
            "updated_at": at(BEGINS),
        }
        source.put("models", row)


@pytest.mark.parametrize("seed", range(8))
async def test_any_order_of_traffic_and_aliases_ends_at_one_model_each(world: World, seed: int) -> None:
    random = seeded(seed)
    log, registry = traffic(random, 10, world.name), Registry(world, random)
    left = list(log)
    for _ in range(25):
        await _step(world, registry, left, random)
    await world.fold(left)
    await world.sync()
    await world.settle()
    pairs = {(fields["provider"], fields["model_id"]) for _, fields in log}
    expected = naive_names(naive_model(log), registered(world.source.log), pairs)
    found = await world.shown(log)
    assert found.relationships == expected.relationships
    assert found.nodes == expected.nodes


async def _step(world: World, registry: Registry, left: list[Sent], random: Random) -> None:
    """Do one of what may happen beside one another."""
    match random.randint(0, 4):
        case 0:
            registry.change()
        case 1:
            await world.sync()
        case 2:
            await world.learn()
        case 3:
            size = random.randint(1, 20)
            batch, left[:] = left[:size], left[size:]
            await world.fold(batch)
        case _:
            await world.round()


def _model(world: World, **changed: Any) -> dict[str, Any]:
    aliases = jsonb({"aliases": [world.id("gpt-4o-2024-08-06")]})
    row = {"model_id": world.id("gpt-4o"), "provider": "openai", "version": "1999-01-01", "effective_from": at(BEGINS)}
    return {**row, "deprecated": False, "metadata": aliases, "updated_at": at(BEGINS), **changed}


def _sent(world: World) -> list[Sent]:
    """Return a call and an aggregate under an alias, as they come before and after the time of registration."""
    maker, told = Maker(seeded(1), world.name), {"model_id": world.id("gpt-4o-2024-08-06"), "provider": "openai"}
    for early, late in ((-5_000, 5_000), (5_000, 5_000)):
        call = maker.invocation(f"{world.name}-0", f"s{early}", [], "complete")
        maker.send("LLMInvocationEvent", call | told | {"timestamp": BEGINS + early, "latency_ms": 0.0})
        maker.send("LLMMetricsEvent", maker.aggregate(None, None) | told | {"timestamp": BEGINS + late})
    return maker.log


@pytest.mark.parametrize("first", ["telemetry", "registry"])
async def test_a_stub_merges_into_the_model_that_its_name_means_whichever_came_first(world: World, first: str) -> None:
    alias, model_id, log = world.id("gpt-4o-2024-08-06"), world.id("gpt-4o"), _sent(world)
    schema = {"schema_id": world.id("s"), "version": "1", "json_schema": "{}", "compatible_models": [alias]}
    world.source.put("schemas", schema | {"published_at": at(BEGINS)})
    await world.sync()
    if first == "registry":
        world.source.put("models", _model(world))
        await world.sync()
        await world.learn()
    await world.fold(log)
    await world.settle()
    if first == "telemetry":
        await world.query(WINDOW, id=alias)
        assert len((await world.shown(log)).nodes) == 1, "a stub"
        world.source.put("models", _model(world))
        await world.sync()
        await world.settle()
    used = "MATCH (i:Invocation)-[:USES_MODEL]->(m) WHERE i.model_id = $id RETURN m.model_id"
    assert await world.query(used, id=alias) == [[model_id], [model_id]]
    assert await world.query("MATCH (m {model_id: $id})-[:HAS_METRIC]->(p) RETURN count(p)", id=model_id) == [[2]]
    linked = "MATCH (:SchemaVersion {schema_id: $id})-[:COMPATIBLE_WITH]->(m) RETURN m.model_id"
    assert await world.query(linked, id=world.id("s")) == [[model_id]]
    assert await world.query("MATCH (n:Model|UsageWindow {model_id: $id}) RETURN n", id=alias) == []


async def test_a_worker_that_has_not_read_the_registry_yet_cannot_undo_a_merge(world: World) -> None:
    log = _sent(world)
    late, _ = world.telemetry.plan(parsed(log[2:], 2))
    await world.fold(log[:2])
    world.source.put("models", _model(world))
    await world.sync()
    await world.settle()
    await world.run(late)
    assert [len(graph.nodes) for graph in [await world.shown(log)]] == [1], "it has made the stub again"
    await world.settle()
    shown = await world.shown(log)
    assert shown.nodes == {}
    assert {other for _, kind, other, _ in shown.relationships if kind == "USES_MODEL"} == {
        ("Model", world.id("gpt-4o"))
    }


async def test_calls_under_a_name_that_such_a_worker_creates_are_moved_too(world: World) -> None:
    log = _sent(world)
    late, _ = world.telemetry.plan(parsed(log))
    world.source.put("models", _model(world))
    await world.sync()
    await world.settle()
    await world.run(late)
    await world.settle()
    shown = await world.shown(log)
    assert shown.nodes == {}
    assert {other for _, kind, other, _ in shown.relationships if kind == "USES_MODEL"} == {
        ("Model", world.id("gpt-4o"))
    }


async def test_the_schema_that_a_stub_uses_is_used_by_its_model_unless_that_uses_another_version(world: World) -> None:
    alias, model_id = world.id("gpt-4o-2024-08-06"), world.id("gpt-4o")
    world.source.put("models", _model(world))
    await world.sync()
    await world.learn()
    await world.query(USED_SCHEMAS, alias=alias, model_id=model_id, name=world.name)
    await world.settle()
    used = "MATCH (:Model {model_id: $id})-[:USES_SCHEMA]->(v) RETURN v.version_id ORDER BY v.version_id"
    assert await world.query(used, id=model_id) == [[f"{world.id('s')}@2"], [f"{world.id('t')}@1"]]
    assert await world.query("MATCH (m:Model {model_id: $id}) RETURN m", id=alias) == []
