"""One Model for each model: any order of traffic and registry changes comes to the naive model's relationships."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from tests.integration.pipelines.telemetry.names_world import World
from tests.model.naive_model import naive_model
from tests.model.naive_names import naive_names, registered
from tests.model.registry_source import jsonb
from tests.model.traffic import BEGINS, MODELS, TIMES, Maker, Sent, seeded, traffic
from tests.unit.pipelines.telemetry.driven import parsed

PROVIDERS = tuple(provider for provider, _ in MODELS)
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
