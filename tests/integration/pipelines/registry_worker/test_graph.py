"""The plans' Cypher on the real Neo4j, against the naive model."""

from typing import Any

import pytest

from tests.integration.pipelines.registry_worker.conftest import Neo4j
from tests.model.naive_registry import naive_registry
from tests.model.registry_changes import Registry
from tests.model.registry_source import Source, jsonb
from tests.model.traffic import seeded
from tests.unit.pipelines.registry.driven import Table, events

STUB = """
MERGE (m:Model {model_id: $model_id})
  ON CREATE SET m.stub = true, m.name = 'of telemetry', m.context_window = 7
MERGE (i:Invocation {key: $model_id}) SET i.model_id = $model_id
MERGE (i)-[:USES_MODEL]->(m)
"""
HISTORY = """
MATCH (m:Model {model_id: $model_id})-[:HAS_PRICE]->(p:Price)
RETURN p.input AS input, p.effective_from.month AS since, p.effective_to.month AS until ORDER BY p.effective_from
"""


@pytest.mark.parametrize("seed", range(8))
async def test_random_changes_in_random_batches_come_to_the_naive_model(graph: Neo4j, seed: int) -> None:
    random = seeded(seed)
    registry = Registry(random, graph.name, 4)
    for _ in range(80):
        registry.change()
    log, table = events(registry.delivered()), Table()
    while log:
        size = random.randint(1, 40)
        plan, entries = table.plan(log[:size])
        await graph.run(plan)
        if random.random() < 0.5:
            await graph.run(plan)
        table.states.update(entries)
        log = log[size:]
    found, expected = await graph.snapshot(), naive_registry(registry.source.log)
    assert found.nodes == expected.nodes
    assert found.relationships == expected.relationships


@pytest.mark.parametrize("telemetry_first", [True, False])
async def test_a_stub_of_telemetrys_heals_and_whoever_comes_first_the_graph_is_the_same(
    graph: Neo4j, *, telemetry_first: bool
) -> None:
    model_id = f"{graph.name}-m"
    source = Source()
    source.put("models", _model(model_id))
    plan = Table().take(source.log)
    if telemetry_first:
        await graph.query(STUB, model_id=model_id)
        await graph.run(plan)
    else:
        await graph.run(plan)
        await graph.query(STUB, model_id=model_id)
    assert (await graph.snapshot()).nodes == naive_registry(source.log).nodes
    used = await graph.query("MATCH (:Invocation)-[:USES_MODEL]->(m {model_id: $id}) RETURN m.stub AS s", id=model_id)
    assert [record["s"] for record in used] == [False]


async def test_a_price_history_is_one_query(graph: Neo4j) -> None:
    model_id = f"{graph.name}-m"
    source = Source()
    for month, price in ((1, 3), (6, 1), (3, 2)):  # the price of March is written last
        at = f"2024-{month:02}-01T00:00:00Z"
        source.put("models", _model(model_id, price=price, effective_from=at))
    await graph.run(Table().take(source.log))
    history = [tuple(record.values()) for record in await graph.query(HISTORY, model_id=model_id)]
    assert history == [("3", 1, 3), ("2", 3, 6), ("1", 6, None)]


async def test_whoever_polls_by_sync_timestamp_finds_every_model_of_which_anything_has_changed(graph: Neo4j) -> None:
    model_id = f"{graph.name}-m"
    source, table = Source(), Table()
    source.put("models", _model(model_id))
    await graph.run(table.take(source.log))
    source.log.clear()
    changes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("models", _model(model_id, effective_from="2025-01-01T00:00:00Z")),
        ("model_versions", {"model_id": model_id, "version": "v2"}),
        ("capabilities", {"model_id": model_id, "capability": f"{graph.name}-chat"}),
    )
    for table_name, row in changes:
        (before,) = await graph.query("MATCH (m:Model {model_id: $id}) RETURN m.sync_timestamp AS at", id=model_id)
        source.put(table_name, row)
        await graph.run(table.take(source.log))
        changed = "MATCH (m:Model) WHERE m.sync_timestamp > $at AND m.model_id = $id RETURN count(m) AS n"
        (found,) = await graph.query(changed, at=before["at"], id=model_id)
        assert found["n"] == 1, table_name


def _model(model_id: str, price: int = 1, effective_from: str = "2024-01-01T00:00:00Z") -> dict[str, Any]:
    return {
        "model_id": model_id,
        "version": "2024-01-01",
        "provider": "acme",
        "cost_per_1k_tokens": jsonb({"input": price, "output": price}),
        "effective_from": effective_from,
        "deprecated": False,
        "metadata": "{}",
        "updated_at": effective_from,
    }
