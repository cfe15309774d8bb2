from collections.abc import AsyncIterator
from uuid import uuid4

import neo4j
import pytest

from tests.integration.adapters.graph.scratch import Scratch
from tests.proxy import TcpProxy
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Neo4jSettings, Settings


@pytest.fixture
def settings() -> Neo4jSettings:
    return Settings.from_environment().neo4j


@pytest.fixture
async def driver(settings: Neo4jSettings) -> AsyncIterator[neo4j.AsyncDriver]:
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
        yield driver


@pytest.fixture
async def scratch(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> AsyncIterator[Scratch]:
    scratch = Scratch(driver, settings.database, uuid4().hex)
    yield scratch
    await scratch.clear()


@pytest.fixture
def writer(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> Neo4jWriter:
    return Neo4jWriter(driver, settings.database)


@pytest.fixture
async def proxy(settings: Neo4jSettings) -> AsyncIterator[TcpProxy]:
    async with TcpProxy.before(settings.uri) as proxy:
        yield proxy


@pytest.fixture
async def distant_driver(settings: Neo4jSettings, proxy: TcpProxy) -> AsyncIterator[neo4j.AsyncDriver]:
    """Yield a driver that reaches the graph only through the proxy."""
    async with open_driver(settings.model_copy(update={"uri": f"bolt://{proxy.host}:{proxy.port}"})) as driver:
        yield driver


@pytest.fixture
def distant_writer(distant_driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> Neo4jWriter:
    return Neo4jWriter(distant_driver, settings.database)
