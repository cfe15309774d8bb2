"""Neo4j: does it answer, does it let us in, does it have our constraints and indexes."""

import re
from collections.abc import Iterable, Iterator

from workers.adapters.graph.driver import check_connection, explained, open_driver
from workers.adapters.graph.migrate import pending_migrations
from workers.adapters.graph.migration import load_migrations
from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, Unreachable
from workers.ops.doctor.finding import Finding, failed, ok, problem

MIGRATE = "`memory-graph graph migrate`"
NAMED = re.compile(r"(?P<verb>CREATE|DROP) (?:\w+ )?(?:CONSTRAINT|INDEX) (?P<name>\w+)")
PRESENT = ("SHOW CONSTRAINTS YIELD name", "SHOW INDEXES YIELD name, state WHERE state = 'ONLINE'")


async def check_graph(settings: Neo4jSettings) -> list[Finding]:
    """Log in, and compare what the graph has with what the migrations make."""
    try:
        async with open_driver(settings) as driver:
            await check_connection(driver, settings)
            with explained(settings):
                pending = await pending_migrations(driver, settings.database)
                present = [
                    record["name"]
                    for show in PRESENT
                    for record in (await driver.execute_query(show, database_=settings.database)).records
                ]
    except (Misconfigured, Unreachable) as error:
        return [failed("neo4j", error)]
    answers = ok("neo4j", f"{settings.uri} answers and lets {settings.username} into {settings.database}")
    return [answers, *judge_schema([str(migration) for migration in pending], present)]


def judge_schema(pending: list[str], present: Iterable[str]) -> Iterator[Finding]:
    """Word what is pending; else what has been dropped since it was migrated."""
    wanted = set(schema_names())
    missing = sorted(wanted.difference(present))
    if pending:
        yield problem("graph schema", f"{', '.join(pending)} has not been applied; run {MIGRATE}")
    elif missing:
        yield problem(
            "graph schema",
            f"migrated, but {', '.join(missing)} has been dropped or is not online; create it again with the "
            "statement of that name in workers/adapters/graph/migrations",
        )
    else:
        yield ok("graph schema", f"all {len(wanted)} constraints and indexes are there")


def schema_names() -> list[str]:
    """Name every constraint and index that a migration creates and no later one drops."""
    names: dict[str, None] = {}
    for statement in (each for migration in load_migrations() for each in migration.statements):
        match = NAMED.match(statement)
        if match and match["verb"] == "CREATE":
            names[match["name"]] = None
        elif match:
            names.pop(match["name"], None)
    return list(names)
