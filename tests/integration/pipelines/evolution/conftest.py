"""The worker's queries and plans on a real Neo4j, with the log in memory."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

import neo4j
import pytest

from tests.model.registry_source import Source
from tests.unit.pipelines.evolution.decisions import Table, parsed
from tests.unit.pipelines.registry.driven import Table as RegistryTable
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.adapters.graph.watermark import subqueries
from workers.config.settings import Neo4jSettings, Settings
from workers.core.job import Effect, PeriodicJob, Publish, Step
from workers.core.reference import Query
from workers.core.statement import Statement
from workers.pipelines.evolution.events import Event
from workers.pipelines.evolution.jobs.advance_migrations import AdvanceMigrations
from workers.pipelines.evolution.jobs.find_versions import FindVersions

WAIT_MS = 300_000
CLEAR = """
MATCH (n:Model|Schema|SchemaVersion|SchemaMigration)
WHERE coalesce(n.model_id, n.schema_id) STARTS WITH $name
DETACH DELETE n
"""
SHOW = """
MATCH (s:Schema {schema_id: $schema_id})
OPTIONAL MATCH (s)-[:CURRENT_VERSION]->(c)
WITH s, collect(c.version) AS current
OPTIONAL MATCH (s)-[:HAS_VERSION]->(v)<-[:USES_SCHEMA]-(m:Model)
WITH s, current, v, m ORDER BY m.model_id, v.version
RETURN current, collect([m.model_id, v.version]) AS users,
  COLLECT { MATCH (s)-[:HAS_MIGRATION]->(g)-[:TO]->(t) RETURN [t.version, g.state] ORDER BY t.version } AS migrations
"""


class Shown(NamedTuple):
    """A schema in the graph; models by the suffix of their names."""

    current: list[str]
    users: dict[str, str]
    migrations: list[list[str]]


class World:
    """One schema, with the test's own time. ``events`` is the log, ``told`` has all other effects."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str) -> None:
        self.driver = driver
        self.database = database
        self.name = f"e{uuid4().hex}"
        self.schema_id = f"{self.name}-tool"
        self.now = 1_000
        self.told: list[Effect] = []
        self.refuses: str | None = None
        """What the registry answers to confirmations, where it refuses them."""
        self.table = Table()
        self.events: list[Event] = []
        self._registry, self._source = RegistryTable(), Source()
        self.publishing = FindVersions("log")
        self.migrating = AdvanceMigrations("log", WAIT_MS, has_api=False)

    async def run(self, plan: Sequence[Statement]) -> None:
        """Run a plan as the writer does: one query, one transaction."""
        parts = subqueries([statement.cypher for statement in plan])
        await self.query("\n".join((*parts, "FINISH")), rows=[list(statement.rows) for statement in plan])

    async def query(self, cypher: str, **parameters: object) -> list[neo4j.Record]:
        found = await self.driver.execute_query(cypher, dict(parameters), database_=self.database)
        return found.records

    async def publish(self, version: str, contents: str, *models: str, at: int = 0) -> None:
        """Publish a version in the registry; models by the suffix of their names."""
        row = {
            "schema_id": self.schema_id,
            "version": version,
            "json_schema": contents,
            "compatible_models": [self.model(model) for model in models],
            "published_at": f"2026-01-01T00:00:{at:02}Z",
        }
        self._source.put("schemas", row)
        await self.registry_changed()

    async def withdraw(self, version: str) -> None:
        self._source.delete("schemas", self.schema_id, version)
        await self.registry_changed()

    async def know(self, model: str) -> None:
        """Add a model to the registry."""
        self._source.put("models", {"model_id": self.model(model), "provider": "acme", "metadata": "{}"})
        await self.registry_changed()

    async def registry_changed(self) -> None:
        await self.run(self._registry.take(self._source.log))
        self._source.log.clear()

    def model(self, end: str) -> str:
        return f"{self.name}-{end}"

    async def steps(self, procedure: PeriodicJob) -> list[Step]:
        """Return the steps that a procedure requests for this schema."""
        rows = await Neo4jReader(self.driver, self.database).ask(procedure.query(self.now))
        mine = [row for row in rows if row["schema_id"] == self.schema_id]
        return [step for step in procedure.steps(mine, self.now) if isinstance(step, Step)]

    async def take(self, procedure: PeriodicJob) -> bool:
        """Run the procedure's steps, and fold their log events; return whether there were any."""
        steps = await self.steps(procedure)
        recorder = Neo4jRecorder(self.driver, self.database)
        for step in steps:
            if self.refuses and step.refused is not None:
                await recorder.record(
                    Query(step.refused.cypher, {**step.refused.parameters, "refused_why": self.refuses})
                )
                continue
            await self.log(*filter(None, map(self._event, step.effects)))
            if step.record is not None:
                await recorder.record(Query(*step.record))
        return bool(steps)

    async def log(self, *events: Event) -> None:
        self.events.extend(events)
        if events and (plan := self.table.take(events)):
            await self.run(plan)

    def _event(self, effect: Effect) -> Event | None:
        if isinstance(effect, Publish) and effect.topic == "log":
            return parsed(effect.record_name, effect.fields, now_ms=self.now)
        self.told.append(effect)
        return None

    async def settle(self) -> None:
        """Run steps until none are due."""
        while await self.take(self.publishing) or await self.take(self.migrating):
            pass

    async def show(self) -> Shown:
        (found,) = await self.query(SHOW, schema_id=self.schema_id)
        users = {model.removeprefix(f"{self.name}-"): version for model, version in found["users"] if model}
        return Shown(found["current"], users, found["migrations"])

    async def properties(self, version: str) -> dict[str, Any]:
        cypher = "MATCH (m:SchemaMigration {schema_id: $schema_id, to_version: $version}) RETURN m"
        (found,) = await self.query(cypher, schema_id=self.schema_id, version=version)
        return {name: value for name, value in found["m"].items() if name != "sync_timestamp"}


@pytest.fixture
def settings() -> Neo4jSettings:
    return Settings.from_environment().neo4j


@pytest.fixture
async def world(settings: Neo4jSettings) -> AsyncIterator[World]:
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
        world = World(driver, settings.database)
        yield world
        await world.query(CLEAR, name=world.name)
