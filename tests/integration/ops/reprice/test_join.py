"""Telemetry and registry history in random order, once repriced, give the as-of join."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any
from uuid import uuid4

import neo4j
import pytest

from tests.model.graph_snapshot import graph_snapshot
from tests.model.naive_model import Graph as Expected
from tests.model.naive_model import naive_model
from tests.model.naive_registry_join import Row, naive_join
from tests.model.registry_history import registry_history
from tests.model.traffic import BEGINS, MODELS, Sent, seeded, traffic
from tests.model.written_history import clear, write_history
from tests.unit.pipelines.telemetry.driven import Table, parsed
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.graph.reader import Neo4jReader
from workers.config.settings import Neo4jSettings
from workers.core.statement import Statement
from workers.engine.reference_data import refresh
from workers.ops.reprice.pages import Window
from workers.ops.reprice.run import compare, execute
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.reference import RegistryReference
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, RegistryModel
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook
from workers.pipelines.telemetry.worker import build_with

HOUR_MS = 3_600_000
CATALOGUE = Catalogue()
OPTIONS = TelemetryOptions(topic="llm-telemetry-events", group="telemetry")
WINDOW = Window(BEGINS - 10 * HOUR_MS, BEGINS + 10 * HOUR_MS, page=7)


class OwnHistory(RegistryHistory):
    """The history of this test only, from a shared graph."""

    def __init__(self, name: str) -> None:
        super().__init__(CATALOGUE.named)
        self.name = name

    def update(self, models: Iterable[RegistryModel]) -> None:
        super().update(model for model in models if model.model_id.endswith(self.name))


class World:
    """One test's part of the graph, with a worker and its reference data."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str, name: str) -> None:
        self.driver = driver
        self.database = database
        self.name = name
        self.history = OwnHistory(name)
        self.book = RegistryPriceBook(self.history, CATALOGUE)
        self.reader = Neo4jReader(driver, database)
        self.reference = RegistryReference(self.history)
        self.table = Table(build_with(self.history, CATALOGUE, OPTIONS))
        self.known: list[Row] = []

    async def register(self, row: Row) -> None:
        """Write a registry change, then refresh telemetry's reference data."""
        self.known.append(row)
        await write_history(self.driver, self.database, [each for each in self.known if each.model_id == row.model_id])
        await refresh(self.reference, self.reader.ask)

    async def fold(self, log: Sequence[Sent], first_offset: int) -> None:
        plan, entries = self.table.plan(parsed(log, first_offset))
        await self.run(plan)
        self.table.states.update(entries)

    async def run(self, plan: Sequence[Statement]) -> None:
        async with self.driver.session(database=self.database) as session, await session.begin_transaction() as work:
            for statement in plan:
                await work.run(statement.cypher, {"rows": statement.rows})

    async def snapshot(self, log: Iterable[Sent]) -> Expected:
        traces = {fields["trace_id"] for _, fields in log} - {None}
        return invocations(await graph_snapshot(self.driver, self.database, sorted(traces), []))


@pytest.fixture
async def world(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> AsyncIterator[World]:
    world = World(driver, settings.database, f"j{uuid4().hex}")
    yield world
    await clear(driver, settings.database, world.name)


def invocations(graph: Expected) -> Expected:
    nodes = {node: shown for node, shown in graph.nodes.items() if node[0] == "Invocation"}
    return Expected(nodes, {each for each in graph.relationships if each[1] == "USES_VERSION"})


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_arrival_comes_to_the_naive_join_after_reprice(
    world: World, settings: Neo4jSettings, seed: int
) -> None:
    random = seeded(seed)
    names = (*(f"{model}-{world.name}" for _, model in MODELS), f"other-{world.name}")
    providers = tuple(provider for provider, _ in MODELS)
    rows = registry_history(random, names, BEGINS, HOUR_MS // 3, providers)
    arrivals: list[tuple[float, Sent | Row]] = [(row.since + random.random() * HOUR_MS, row) for row in rows]
    arrivals += [
        (sent[1]["timestamp"] + random.random() * random.choice((0, 5_000, HOUR_MS)), sent)
        for sent in traffic(random, 10, world.name)
    ]
    arrivals.sort(key=lambda arrival: arrival[0])
    log: list[Sent] = []
    batch: list[Sent] = []
    for _, arrived in arrivals:
        if not isinstance(arrived, Row):
            batch.append(arrived)
        if isinstance(arrived, Row) or len(batch) == 20:
            await world.fold(batch, len(log))
            log, batch = log + batch, []
        if isinstance(arrived, Row):
            await world.register(arrived)
    await world.fold(batch, len(log))
    log += batch
    expected = invocations(naive_join(naive_model(log), rows))
    before = await world.snapshot(log)
    assert {node: _of_telemetry(shown) for node, shown in before.nodes.items()} == {
        node: _of_telemetry(shown) for node, shown in expected.nodes.items()
    }
    async with GraphConnection(settings) as graph:
        difference = await compare(graph, world.book, WINDOW, lambda _: None)
        assert await world.snapshot(log) == before
        done = await execute(graph, world.book, WINDOW, lambda _: None)
        assert (done.written, done.changed_meanwhile) == (difference.total.differing, 0)
        assert (await compare(graph, world.book, WINDOW, lambda _: None)).total.differing == 0
    found = await world.snapshot(log)
    assert found.nodes == expected.nodes
    assert found.relationships == expected.relationships


async def test_late_registry_rows_leave_something_to_reprice(world: World, settings: Neo4jSettings) -> None:
    log, late = traffic(seeded(3), 5, world.name), _row(world)
    await world.fold(log, 0)
    await world.register(late)
    async with GraphConnection(settings) as graph:
        difference = await compare(graph, world.book, WINDOW, lambda _: None)
        assert difference.by_model[late.model_id].differing > 0
        assert difference.by_model[late.model_id].usd_before != difference.by_model[late.model_id].usd_after


async def test_what_changes_while_it_is_repriced_is_left_as_it_is(world: World, settings: Neo4jSettings) -> None:
    log = traffic(seeded(3), 5, world.name)
    await world.fold(log, 0)
    await world.register(_row(world))
    async with GraphConnection(settings) as graph:
        touching = _Touching(graph, world)
        done = await execute(touching, world.book, Window(WINDOW.since, WINDOW.until, 1_000), lambda _: None)
    assert touching.touched
    assert done.changed_meanwhile == len(touching.touched)
    rows = await world.driver.execute_query(
        "MATCH (i:Invocation) WHERE i.key IN $keys RETURN DISTINCT i.cost_usd_exact AS cost",
        keys=touching.touched,
        database_=world.database,
    )
    assert [row["cost"] for row in rows.records] == ["1234.00000000"]


class _Touching(GraphConnection):
    """Changes an Invocation of a page between reading and writing."""

    def __init__(self, graph: GraphConnection, world: World) -> None:
        self._graph = graph
        self._world = world
        self.touched: list[str] = []

    async def rows(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        if "rows" in parameters:
            self.touched.append(parameters["rows"][0]["key"])
            touch = "MATCH (i:Invocation {key: $key}) SET i.cost_usd_exact = '1234.00000000'"
            await self._graph.rows(touch, key=self.touched[-1])
        return await self._graph.rows(cypher, **parameters)


def _row(world: World) -> Row:
    provider, model = MODELS[0]
    since, until = BEGINS - HOUR_MS, BEGINS + 5 * HOUR_MS
    return Row(f"{model}-{world.name}", provider, (), since, until, "7", 9_000, ("1", "2", "0.5", None))


def _of_telemetry(shown: dict[str, object]) -> dict[str, object]:
    joined = ("cost_usd", "cost_usd_exact", "context_utilization", "price_source", "price_id")
    return {name: value for name, value in shown.items() if name not in joined}
