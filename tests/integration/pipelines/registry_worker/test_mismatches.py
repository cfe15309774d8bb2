"""A schema version that arrives with different contents: the registry's API, asked once, decides."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.pipelines.registry_worker.conftest import Neo4j
from tests.model.registry_source import Source, jsonb
from tests.registry_api_server import RegistryApiServer
from tests.unit.pipelines.registry.driven import Table
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.adapters.registry_api.client import RegistryApi
from workers.config.settings import RegistryApiSettings
from workers.pipelines.registry.jobs.schema_contents import SchemaContents
from workers.pipelines.registry.read.columns import json_schema


class World:
    """A schema in the registry's tables, in its API, and in the graph."""

    def __init__(self, graph: Neo4j, server: RegistryApiServer, api: RegistryApi) -> None:
        self.graph, self.server, self.api = graph, server, api
        self.schema_id = f"{graph.name}-s"
        self.source, self.table = Source(), Table()

    async def publish(self, contents: Any, unsent: tuple[str, ...] = (), models: tuple[str, ...] = ()) -> None:
        """Change the row, and write the worker's plan for it."""
        row = {"schema_id": self.schema_id, "version": "1", "json_schema": jsonb(contents)}
        self.source.put("schemas", row | {"compatible_models": list(models)}, unsent)
        await self.graph.run(self.table.take(self.source.log[-1:]))

    async def resolve(self) -> int:
        """Run the procedure once; return the number of API requests."""
        asked = len(self.server.received)
        reader = Neo4jReader(self.graph.driver, self.graph.database)
        recorder = Neo4jRecorder(self.graph.driver, self.graph.database)
        for fetch in SchemaContents().steps(await reader.ask(SchemaContents().query(0)), 0):
            if f"/{self.schema_id}/" in f"{fetch.path}/":
                await recorder.record(fetch.record(await self.api.get(fetch.path)))
        return len(self.server.received) - asked

    async def found(self) -> tuple[str, str, str | None]:
        cypher = "MATCH (v:SchemaVersion {schema_id: $id}) RETURN v.hash, v.json_schema, v.contents_from"
        (record,) = await self.graph.query(cypher, id=self.schema_id)
        return tuple(record.values())


@pytest.fixture
async def world(graph: Neo4j) -> AsyncIterator[World]:
    async with RegistryApiServer() as server, RegistryApi(RegistryApiSettings(url=server.url)) as api:
        yield World(graph, server, api)


def stored(contents: Any, origin: str | None = None) -> tuple[str, str, str | None]:
    text = jsonb(contents)
    return json_schema(text).digest, text, origin


ONE, TWO, THREE, FOUR = ({"maxLength": number} for number in (1, 2, 3, 4))


async def test_what_the_api_has_counts_where_it_differs_until_the_change_stream_tells_of_others(world: World) -> None:
    await world.publish(ONE)
    assert await world.resolve() == 0, "nothing has contradicted it"
    await world.publish(TWO)
    world.server.text = '{"json_schema": {"maxLength": 3}}'
    assert await world.resolve() == 1
    hash_, text, origin = await world.found()
    assert (hash_, text.replace(" ", ""), origin) == (stored(THREE)[0], '{"maxLength":3}', "registry-api")
    assert await world.resolve() == 0, "once a mismatch"
    await world.publish(TWO, unsent=("json_schema",), models=(f"{world.graph.name}-m",))
    assert (await world.found())[::2] == (stored(THREE)[0], "registry-api")
    await world.publish(FOUR)
    assert await world.found() == stored(FOUR)
    world.server.text = '{"json_schema": {"maxLength": 4}}'
    assert await world.resolve() == 1
    assert await world.found() == stored(FOUR), "the API agrees"


async def test_a_mismatch_that_comes_while_the_api_is_asked_is_compared_by_itself(world: World) -> None:
    await world.publish(ONE)
    await world.publish(TWO)
    world.server.text = '{"json_schema": {"maxLength": 3}}'
    reader = Neo4jReader(world.graph.driver, world.graph.database)
    fetches = SchemaContents().steps(await reader.ask(SchemaContents().query(0)), 0)
    (fetch,) = [each for each in fetches if f"/{world.schema_id}/" in f"{each.path}/"]
    await world.publish(FOUR)
    found = await world.api.get(fetch.path)
    await Neo4jRecorder(world.graph.driver, world.graph.database).record(fetch.record(found))
    assert await world.found() == stored(FOUR)
    assert await world.resolve() == 1
