"""Bring a graph's constraints and indexes up to date: each migration once, in order, by any number of processes."""

from collections.abc import Sequence

import neo4j
from neo4j.exceptions import ClientError, DatabaseError

from workers.adapters.graph.migration import Migration, load_migrations
from workers.core.errors import Misconfigured

INDEXES_ONLINE_SECONDS = 600
"""How long filling an index of a large graph may take."""

# The first migration makes version unique: of two processes that record at once, one creates and one matches.
RECORD = """
MERGE (m:Migration {version: $version})
  ON CREATE SET m.name = $name, m.checksum = $checksum, m.applied_at = datetime()
"""


async def pending_migrations(
    driver: neo4j.AsyncDriver, database: str, migrations: Sequence[Migration] | None = None
) -> list[Migration]:
    """List what the graph does not record yet, in order; ``migrations`` defaults to the package's own.

    Ones that the graph records and we do not know are a newer program's, and no fault. Raises ``Misconfigured``
    where one that was applied has been changed since, and what the driver raises.
    """
    recorded = await _recorded_checksums(driver, database)
    pending = []
    for migration in load_migrations() if migrations is None else migrations:
        checksum = recorded.get(migration.version)
        if checksum is None:
            pending.append(migration)
        elif checksum != migration.checksum:
            raise Misconfigured(
                f"migration {migration} is not the one that was applied to this graph "
                f"(checksum {migration.checksum:.8}, recorded {checksum:.8}): "
                "restore its file and put the change into a migration of its own"
            )
    return pending


async def require_migrated(driver: neo4j.AsyncDriver, database: str) -> None:
    """Raise ``Misconfigured`` unless every migration has been applied.

    Without its constraint two claims at once could make two watermarks of one partition.
    """
    if pending := await pending_migrations(driver, database):
        raise Misconfigured(f"the graph lacks {len(pending)} migrations: run `memory-graph graph migrate`")


async def migrate(
    driver: neo4j.AsyncDriver, database: str, migrations: Sequence[Migration] | None = None
) -> list[Migration]:
    """Apply what is pending, wait until its indexes are online, and return what this call recorded.

    Safe to repeat and to run twice at once: statements say IF NOT EXISTS or IF EXISTS, and a migration is recorded when
    it is done, so one that was interrupted runs again. Raises ``Misconfigured`` and what the driver raises.
    """
    pending = await pending_migrations(driver, database, migrations)
    return [migration for migration in pending if await _apply(driver, database, migration)]


async def _recorded_checksums(driver: neo4j.AsyncDriver, database: str) -> dict[int, str]:
    records, _, _ = await driver.execute_query(
        "MATCH (m:Migration) RETURN m.version AS version, m.checksum AS checksum", database_=database
    )
    return {record["version"]: record["checksum"] for record in records}


async def _apply(driver: neo4j.AsyncDriver, database: str, migration: Migration) -> bool:
    """Run, wait for the indexes, record; whether it was us who recorded it."""
    for statement in migration.statements:
        try:
            # A schema change and a write to data may not share a transaction: each statement has its own.
            await driver.execute_query(statement, database_=database)
        except (ClientError, DatabaseError) as error:
            raise Misconfigured(
                f"migration {migration} stops at `{statement}`: put right what Neo4j says of this graph, "
                f"then migrate again ({error.message})"
            ) from error
    await driver.execute_query("CALL db.awaitIndexes($seconds)", seconds=INDEXES_ONLINE_SECONDS, database_=database)
    summary = (
        await driver.execute_query(
            RECORD,
            version=migration.version,
            name=migration.name,
            checksum=migration.checksum,
            database_=database,
        )
    ).summary
    return summary.counters.nodes_created == 1
