from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import neo4j
import pytest

from tests.model.naive_model import Graph
from tests.model.registry_snapshot import registry_snapshot
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.config.settings import Neo4jSettings, Settings
from workers.core.statement import Statement

CLEAR = """
MATCH (n:Model|ModelName|ModelVersion|Price|Capability|Schema|SchemaVersion|Invocation|UsageWindow)
WHERE coalesce(n.model_id, n.schema_id, n.name) STARTS WITH $name
DETACH DELETE n
"""


class Neo4j:
    """Runs plans, each in a transaction, and shows the result. All ids of a test start with ``name``."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str) -> None:
        self.driver = driver
        self.database = database
        self.name = f"r{uuid4().hex}"

    async def run(self, plan: Sequence[Statement]) -> None:
        async with self.driver.session(database=self.database) as session, await session.begin_transaction() as work:
            for statement in plan:
                await work.run(statement.cypher, {"rows": statement.rows})

    async def query(self, cypher: str, **parameters: object) -> list[neo4j.Record]:
        found = await self.driver.execute_query(cypher, dict(parameters), database_=self.database)
        return found.records

    async def snapshot(self) -> Graph:
        return await registry_snapshot(self.driver, self.database, self.name)


@pytest.fixture
def settings() -> Neo4jSettings:
    return Settings.from_environment().neo4j


@pytest.fixture
async def graph(settings: Neo4jSettings) -> AsyncIterator[Neo4j]:
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
        graph = Neo4j(driver, settings.database)
        yield graph
        await graph.query(CLEAR, name=graph.name)
