"""Migrations on a real server, with the test's own versions, labels and constraints."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import neo4j
import pytest

from tests.integration.adapters.graph.scratch import Scratch
from workers.adapters.graph.migrate import migrate, pending_migrations
from workers.adapters.graph.migration import Migration, parse
from workers.core.errors import Misconfigured


@pytest.fixture
async def migration(scratch: Scratch) -> AsyncIterator[Migration]:
    name = f"scratch_{uuid4().hex}"
    text = f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{scratch.label}) REQUIRE n.id IS UNIQUE;"
    # Far above the package's versions, so that neither parallel tests nor the package use the same one.
    version = 10_000 + uuid4().int % 1_000_000_000
    yield replace(parse(f"0001_{name}.cypher", text), version=version)
    await scratch.query(f"DROP CONSTRAINT {name} IF EXISTS")
    await scratch.query("MATCH (m:Migration {version: $version}) DELETE m", version=version)


async def constraints(scratch: Scratch) -> list[str]:
    rows = await scratch.query(
        "SHOW CONSTRAINTS YIELD labelsOrTypes, properties WHERE $label IN labelsOrTypes RETURN *", label=scratch.label
    )
    return [row["properties"][0] for row in rows]


async def test_the_package_leaves_nothing_pending_and_repeats_quietly(
    driver: neo4j.AsyncDriver, scratch: Scratch
) -> None:
    assert await pending_migrations(driver, scratch.database) == []
    assert await migrate(driver, scratch.database) == []


async def test_a_migration_is_applied_once_and_recorded(
    driver: neo4j.AsyncDriver, scratch: Scratch, migration: Migration
) -> None:
    assert await pending_migrations(driver, scratch.database, [migration]) == [migration]
    assert await constraints(scratch) == [], "asking applies nothing"

    assert await migrate(driver, scratch.database, [migration]) == [migration]
    assert await constraints(scratch) == ["id"]
    assert await pending_migrations(driver, scratch.database, [migration]) == []
    assert await migrate(driver, scratch.database, [migration]) == []
    recorded = await scratch.query(
        "MATCH (m:Migration {version: $version}) RETURN m.name AS name, m.checksum AS checksum, m.applied_at AS at",
        version=migration.version,
    )
    assert [(row["name"], row["checksum"]) for row in recorded] == [(migration.name, migration.checksum)]
    assert recorded[0]["at"] is not None


async def test_of_several_processes_at_once_one_records_it(
    driver: neo4j.AsyncDriver, scratch: Scratch, migration: Migration
) -> None:
    applied = await asyncio.gather(*(migrate(driver, scratch.database, [migration]) for _ in range(4)))

    assert sorted(applied, key=len) == [[], [], [], [migration]]
    assert await constraints(scratch) == ["id"]


async def test_several_processes_at_once_may_drop_the_same_thing(
    driver: neo4j.AsyncDriver, scratch: Scratch, migration: Migration
) -> None:
    await scratch.query(migration.statements[0])
    drops = replace(migration, statements=(f"DROP CONSTRAINT {migration.name} IF EXISTS",))

    applied = await asyncio.gather(*(migrate(driver, scratch.database, [drops]) for _ in range(8)))

    assert sorted(applied, key=len) == [*[[]] * 7, [drops]]
    assert await constraints(scratch) == []


async def test_one_that_was_interrupted_before_it_was_recorded_runs_again(
    driver: neo4j.AsyncDriver, scratch: Scratch, migration: Migration
) -> None:
    await scratch.query(migration.statements[0])

    assert await migrate(driver, scratch.database, [migration]) == [migration]


async def test_one_that_was_changed_after_it_was_applied_is_told(
    driver: neo4j.AsyncDriver, scratch: Scratch, migration: Migration
) -> None:
    await migrate(driver, scratch.database, [migration])

    with pytest.raises(Misconfigured, match="not the one that was applied"):
        await migrate(driver, scratch.database, [replace(migration, checksum="0" * 64)])


async def test_one_that_the_data_forbid_is_told_and_not_recorded(
    driver: neo4j.AsyncDriver, scratch: Scratch, migration: Migration
) -> None:
    await scratch.query(f"UNWIND [1, 1] AS id CREATE (:{scratch.label} {{id: id}})")

    with pytest.raises(Misconfigured, match=migration.name):
        await migrate(driver, scratch.database, [migration])

    assert await pending_migrations(driver, scratch.database, [migration]) == [migration]
