"""The plans' Cypher on the real Neo4j, against the naive model."""

from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import neo4j
import pytest

from tests.model.graph_snapshot import graph_snapshot
from tests.model.naive_model import Graph, naive_model
from tests.model.traffic import MODELS, Maker, Sent, seeded, trace_id, traffic
from tests.unit.pipelines.telemetry.driven import Table, parsed
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Neo4jSettings
from workers.core.statement import Statement
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.write.statements import STORED_KEYS, STORED_SPANS

TRACES = 12
CLEAR = """
MATCH (n:Invocation|Model|Error|PerformanceMetric)
WHERE n.trace_id STARTS WITH $name OR n.model_id ENDS WITH $name
DETACH DELETE n
"""


class Neo4j:
    """Runs plans, each in a transaction, and shows the result."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str) -> None:
        self.driver = driver
        self.database = database
        self.name = f"t{uuid4().hex}"
        self.traces = [trace_id(self.name, number) for number in range(TRACES)]

    async def run(self, plan: Sequence[Statement]) -> None:
        async with self.driver.session(database=self.database) as session, await session.begin_transaction() as work:
            for statement in plan:
                await work.run(statement.cypher, {"rows": statement.rows})

    async def snapshot(self) -> Graph:
        models = [f"{model}-{self.name}" for _, model in MODELS]
        return await graph_snapshot(self.driver, self.database, self.traces, models)


@pytest.fixture
async def graph(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> AsyncIterator[Neo4j]:
    graph = Neo4j(driver, settings.database)
    yield graph
    await driver.execute_query(CLEAR, name=graph.name, database_=settings.database)


@pytest.mark.parametrize("seed", range(8))
async def test_random_traffic_in_random_batches_comes_to_the_naive_model(graph: Neo4j, seed: int) -> None:
    random = seeded(seed)
    log = traffic(random, TRACES, graph.name)
    events, table = parsed(log), Table()
    while events:
        size = random.randint(1, 100)
        plan, entries = table.plan(events[:size])
        await graph.run(plan)
        if random.random() < 0.5:
            await graph.run(plan)
        table.states.update(entries)
        events = events[size:]
    _assert_equal(await graph.snapshot(), naive_model(log))


async def test_traces_are_restored_from_the_graph_as_they_were(graph: Neo4j) -> None:
    plan, entries = Table().plan(parsed(traffic(seeded(7), TRACES, graph.name)))
    await graph.run(plan)
    folded = [list(row)[-1] for statement in plan if statement.name == "Invocation" for row in statement.rows]
    assert {type(each) for each in folded} == {bytes, type(None)}, "the traffic has spans of one event, and others"
    stored = await Neo4jWriter(graph.driver, graph.database).stored(STORED_SPANS, "telemetry", list(entries))
    assert {key: Trace.restore(parts).dump() for key, parts in stored.items()} == entries


async def test_the_keys_of_the_graph_are_read_in_order(graph: Neo4j) -> None:
    plan, _ = Table().plan(parsed(traffic(seeded(2), TRACES, graph.name)))
    await graph.run(plan)
    writer = Neo4jWriter(graph.driver, graph.database)
    keys = [key for key in await writer.next_keys(STORED_KEYS, graph.name) if key.startswith(graph.name)]
    assert keys == sorted(graph.traces)
    assert keys[5] not in await writer.next_keys(STORED_KEYS, keys[5])
    assert (await writer.next_keys(STORED_KEYS, keys[5]))[0] == keys[6]
    assert await writer.next_keys(STORED_KEYS, "\U0010ffff") == []


async def test_a_status_never_goes_back_although_the_state_of_its_trace_is_lost(graph: Neo4j) -> None:
    log = traffic(seeded(1), TRACES, graph.name)
    await _run_all(graph, log)
    ended = {node: shown["status"] for node, shown in (await graph.snapshot()).nodes.items() if "status" in shown}
    await _run_all(graph, [sent for sent in log if "status" not in sent[1]])
    after = (await graph.snapshot()).nodes
    assert {node: after[node]["status"] for node in ended} == ended


@pytest.mark.parametrize("batch", [1, 4])
async def test_an_id_that_two_traces_use_belongs_to_the_first_however_the_batches_fall(
    graph: Neo4j, batch: int
) -> None:
    maker = Maker(seeded(1), graph.name)
    for trace in graph.traces[:2]:
        maker.send("LLMErrorEvent", maker.error(trace, "s1") | {"event_id": f"{graph.name}-error"})
        maker.send("LLMLatencyEvent", maker.latency(trace, "s1") | {"event_id": f"{graph.name}-latency"})
    events, table = parsed(maker.log), Table()
    for begin in range(0, len(events), batch):
        plan, entries = table.plan(events[begin : begin + batch])
        await graph.run(plan)
        table.states.update(entries)
    found = await graph.snapshot()
    owners = {kind: one for one, kind, _, _ in found.relationships if kind in ("CAUSED_ERROR", "HAS_METRIC")}
    assert set(owners.values()) == {("Invocation", f"{graph.traces[0]}/s1")}
    assert sum(kind in owners for _, kind, _, _ in found.relationships) == 2


async def _run_all(graph: Neo4j, log: Sequence[Sent]) -> None:
    plan, _ = Table().plan(parsed(log))
    await graph.run(plan)


def _assert_equal(found: Graph, expected: Graph) -> None:
    assert found.nodes == expected.nodes
    assert found.relationships == expected.relationships
