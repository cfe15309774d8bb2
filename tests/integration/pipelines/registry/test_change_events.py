"""Change events of the registry's tables, with real PostgreSQL, real Debezium and our codec."""

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tests.integration.pipelines.registry.change_log import ChangeLog
from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings
from workers.dev.stack.running import RunningStack

UNAVAILABLE = "__debezium_unavailable_value"
"""Debezium's placeholder for an unchanged large value, which PostgreSQL did not log."""
LARGE = 20_000
Database = psycopg.Connection[Any]


def insert_model(database: Database, name: str) -> None:
    database.execute(
        "INSERT INTO models VALUES (%s, '2025-01-31', 'openai', 128000, '2024-10-01', %s,"
        " '2025-02-01T12:00:00+02:00', false, %s, '2025-02-01T10:30:00.000001Z')",
        (name, Jsonb({"input": 0.0025, "output": 0.01}), Jsonb({"aliases": [f"{name}-latest"]})),
    )


def test_the_topic_was_made_by_the_topology(stack_with_cdc: RunningStack) -> None:
    topics = Admin(KafkaSettings(bootstrap_servers=stack_with_cdc.kafka)).topics()
    assert topics["registry-changes"] == topics["registry-changes.dlq"] == 6


async def test_all_of_one_model_is_in_one_partition_in_order(database: Database, changes: ChangeLog, name: str) -> None:
    insert_model(database, name)
    database.execute("INSERT INTO model_versions (model_id, version) VALUES (%s, '2025-01-31')", (name,))
    database.execute("INSERT INTO capabilities (model_id, capability) VALUES (%s, 'vision')", (name,))
    database.execute("UPDATE models SET deprecated = true WHERE model_id = %s", (name,))
    database.execute("DELETE FROM capabilities WHERE model_id = %s", (name,))
    database.execute("DELETE FROM models WHERE model_id = %s", (name,))
    told = [("models", "c"), ("model_versions", "c"), ("capabilities", "c"), ("models", "u")]
    seen = await changes.of(name, *told, ("capabilities", "d"), ("", "tombstone"), ("models", "d"), ("", "tombstone"))
    assert len({each.record.key for each in seen}) == 1, "keys of different tables have different schemas"
    assert len({each.record.partition for each in seen}) == 1


async def test_a_schema_is_keyed_by_its_own_id(database: Database, changes: ChangeLog, name: str) -> None:
    insert = "INSERT INTO schemas VALUES (%s, %s, %s, %s)"
    for version in ("1.0.0", "1.1.0"):
        database.execute(insert, (name, version, Jsonb({"type": "object"}), ["gpt-4", "claude-3"]))
    first, _ = await changes.of(name, ("schemas", "c"), ("schemas", "c"))
    assert first.fields is not None
    after = first.fields["after"]
    assert after.pop("published_at").endswith("Z")
    assert after == {
        "schema_id": name,
        "version": "1.0.0",
        "json_schema": '{"type": "object"}',
        "compatible_models": ["gpt-4", "claude-3"],
    }


async def test_an_insert_tells_the_row_in_plain_types_and_where_it_comes_from(
    database: Database, changes: ChangeLog, name: str
) -> None:
    insert_model(database, name)
    (seen,) = await changes.of(name, ("models", "c"))
    assert seen.fields is not None
    assert seen.fields["before"] is None
    assert seen.fields["after"] == {
        "model_id": name,
        "version": "2025-01-31",
        "provider": "openai",
        "context_window": 128_000,
        "training_cutoff": 19_997,
        "cost_per_1k_tokens": '{"input": 0.0025, "output": 0.01}',
        "effective_from": "2025-02-01T10:00:00.000000Z",
        "deprecated": False,
        "metadata": f'{{"aliases": ["{name}-latest"]}}',
        "updated_at": "2025-02-01T10:30:00.000001Z",
    }
    source = seen.fields["source"]
    assert (source["connector"], source["snapshot"]) == ("postgresql", "false")
    assert source["lsn"] > 0
    assert 0 <= seen.fields["ts_ms"] - source["ts_ms"] < 90_000


async def test_before_is_null_for_an_update_and_the_key_alone_for_a_delete(
    database: Database, changes: ChangeLog, name: str
) -> None:
    insert_model(database, name)
    database.execute("UPDATE models SET context_window = 200000 WHERE model_id = %s", (name,))
    database.execute("DELETE FROM models WHERE model_id = %s", (name,))
    seen = await changes.of(name, *(("models", op) for op in "cud"), ("", "tombstone"))
    _, update, delete, tombstone = (each.fields for each in seen)
    assert update is not None
    assert delete is not None
    assert tombstone is None
    assert update["before"] is None
    assert update["after"]["context_window"] == 200_000
    assert delete["after"] is None
    assert delete["before"]["model_id"] == name
    assert delete["before"]["context_window"] is None
    assert [each.fields["source"]["lsn"] for each in seen[:3] if each.fields] == sorted(
        each.fields["source"]["lsn"] for each in seen[:3] if each.fields
    )


async def test_a_large_value_that_an_update_leaves_alone_is_told_as_unavailable(
    database: Database, changes: ChangeLog, name: str
) -> None:
    database.execute("ALTER TABLE schemas ALTER COLUMN json_schema SET STORAGE EXTERNAL")  # or it is compressed away
    insert = "INSERT INTO schemas (schema_id, version, json_schema) VALUES (%s, '1.0.0', %s)"
    database.execute(insert, (name, Jsonb({"description": "x" * LARGE})))
    database.execute("UPDATE schemas SET compatible_models = '{gpt-4}' WHERE schema_id = %s", (name,))
    whole, update = await changes.of(name, ("schemas", "c"), ("schemas", "u"))
    assert whole.fields is not None
    assert update.fields is not None
    assert len(whole.fields["after"]["json_schema"]) > LARGE
    assert update.fields["after"]["json_schema"] == UNAVAILABLE
    assert update.fields["after"]["compatible_models"] == ["gpt-4"]


async def test_a_column_that_is_added_while_running_is_there_from_then_on(
    database: Database, changes: ChangeLog, name: str
) -> None:
    insert_model(database, name)
    column = f"licence_{name.removeprefix('it-')}".encode()
    database.execute(b"ALTER TABLE models ADD COLUMN " + column + b" text DEFAULT 'MIT'")
    database.execute("UPDATE models SET deprecated = true WHERE model_id = %s", (name,))
    database.execute(b"ALTER TABLE models DROP COLUMN " + column)
    database.execute("UPDATE models SET deprecated = false WHERE model_id = %s", (name,))
    seen = await changes.of(name, ("models", "c"), ("models", "u"), ("models", "u"))
    licences = [each.fields["after"].get(column.decode(), "no such column") for each in seen if each.fields]
    assert licences == ["no such column", "MIT", "no such column"]


async def test_another_key_is_a_delete_of_the_old_and_a_creation_of_the_new(
    database: Database, changes: ChangeLog, name: str
) -> None:
    insert_model(database, name)
    database.execute("UPDATE models SET model_id = %s WHERE model_id = %s", (f"{name}-2", name))
    await changes.of(name, ("models", "c"), ("models", "d"), ("", "tombstone"))
    (created,) = await changes.of(f"{name}-2", ("models", "c"))
    assert created.fields is not None
    assert created.fields["after"]["provider"] == "openai"


async def test_a_truncation_is_told_without_a_key(database: Database, changes: ChangeLog) -> None:
    database.execute("TRUNCATE schemas")
    seen = await changes.until(lambda seen: any(each.record.key is None for each in seen))
    (truncation,) = [each for each in seen if each.record.key is None]
    assert truncation.told == ("schemas", "t")
