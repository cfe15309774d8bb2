from collections.abc import AsyncIterator

import neo4j
import pytest
from pydantic import SecretStr

from tests.integration.pipelines.telemetry.names_world import CLEAR, World
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.config.settings import Neo4jSettings
from workers.dev.stack.running import RunningStack


@pytest.fixture
def settings(stack: RunningStack) -> Neo4jSettings:
    username, password = stack.neo4j_auth
    return Neo4jSettings(
        uri=stack.neo4j_uri, username=username, password=SecretStr(password), database=stack.neo4j_database
    )


@pytest.fixture
async def driver(settings: Neo4jSettings) -> AsyncIterator[neo4j.AsyncDriver]:
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
        yield driver


@pytest.fixture
async def world(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> AsyncIterator[World]:
    world = World(driver, settings.database)
    yield world
    await world.query(CLEAR, name=world.name)
