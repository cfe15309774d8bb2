from collections.abc import AsyncIterator

import pytest

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.config.settings import Settings


@pytest.fixture
async def graph() -> AsyncIterator[GraphConnection]:
    settings = Settings.from_environment().neo4j
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
    async with GraphConnection(settings) as connection:
        yield connection
