"""Rows older than the topic: a new snapshot sends them again, for a graph that was emptied."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg

from tests.integration.pipelines.registry.change_log import ChangeLog, Seen
from tests.integration.pipelines.registry.test_standing_still import event_of, source
from tests.unit.pipelines.registry.applied_plan import AppliedGraph
from tests.unit.pipelines.registry.driven import Table
from workers.dev.stack.running import RunningStack
from workers.ops.resnapshot import planned, resnapshot

Database = psycopg.Connection[Any]
ROWS = {
    "models": b"INSERT INTO models (model_id, provider, cost_per_1k_tokens, metadata) "
    b"""VALUES (%s, 'a', '{"input": 1, "output": 2}', '{"name": "A", "aliases": ["b"]}')""",
    "model_versions": b"INSERT INTO model_versions (model_id, version, changelog) VALUES (%s, 'v1', 'New.')",
    "capabilities": b"INSERT INTO capabilities (model_id, capability) VALUES (%s, 'chat')",
    "schemas": b"INSERT INTO schemas (schema_id, version, json_schema, compatible_models) "
    b"""VALUES (%s, '1', '{"type": "object"}', '{m}')""",
}


async def of_all_tables(changes: ChangeLog, name: str, operation: str) -> list[Seen]:
    """Wait for an operation on each row of ``ROWS``; tables have keys, and so partitions, of their own."""

    def found(seen: Sequence[Seen]) -> dict[tuple[str, str], Seen]:
        return {each.told: each for each in seen if each.record.key and each.name == name and each.told[1] == operation}

    seen = await changes.until(lambda seen: len(found(seen)) == len(ROWS))
    return [found(seen)[table, operation] for table in ROWS]


def written(seen: Sequence[Seen]) -> AppliedGraph:
    """Return the graph that these changes come to where nothing is known."""
    table, graph = Table(), AppliedGraph()
    plan, _ = table.plan([event_of(each) for each in seen])
    graph.apply(plan)
    return graph


async def test_a_new_snapshot_fills_an_emptied_graph_and_changes_nothing_that_is_known(
    stack_with_cdc: RunningStack, database: Database, changes: ChangeLog, name: str
) -> None:
    for row in ROWS.values():
        database.execute(row, (name,))
    created = await of_all_tables(changes, name, "c")
    settings = source(stack_with_cdc)
    rows = planned(settings)
    assert set(rows) == set(ROWS)
    assert all(rows.values())
    signal_id = await asyncio.to_thread(resnapshot, settings, list(rows), "ada", "the graph was emptied")
    again = await of_all_tables(changes, name, "r")
    assert [event_of(each).change for each in again] == [event_of(each).change for each in created]
    signal = database.execute("SELECT data FROM debezium_signals WHERE id = %s", (signal_id,)).fetchone()
    assert signal is not None
    assert '"by": "ada", "why": "the graph was emptied"' in signal[0]
    known = Table()
    plan, entries = known.plan([event_of(each) for each in created])
    assert plan
    known.states.update(entries)
    assert known.plan([event_of(each) for each in again])[0] == []
    before, after = written(created), written(again)
    assert {label for label, _ in after.nodes} == {
        *("Model", "ModelVersion", "Price", "Capability", "Schema", "SchemaVersion"),
    }
    assert (after.nodes, after.relationships) == (before.nodes, before.relationships)
    database.execute("UPDATE models SET deprecated = true WHERE model_id = %s", (name,))
    await changes.until(lambda seen: any(each.told == ("models", "u") and each.name == name for each in seen))
