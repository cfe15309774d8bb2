"""One test's part of the graph: a registry, both workers, and the job that settles names."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

import neo4j

from tests.model.graph_snapshot import graph_snapshot
from tests.model.naive_model import Graph
from tests.model.registry_source import Source
from tests.model.traffic import Sent
from tests.unit.pipelines.registry.driven import Table as RegistryTable
from tests.unit.pipelines.telemetry.driven import Table, parsed
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.core.reference import Query
from workers.core.statement import Statement
from workers.engine.reference_data import refresh
from workers.pipelines.telemetry.jobs.queries import COMPATIBLE
from workers.pipelines.telemetry.jobs.settle_names import COMPARED_EVERY_MS, SettleNames
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.reference import GRAPH_VERSION, RegistryReference
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, RegistryModel
from workers.pipelines.telemetry.worker import build_with

CATALOGUE = Catalogue()
OPTIONS = TelemetryOptions(topic="llm-telemetry-events", group="telemetry")
CLEAR = """
MATCH (n:Invocation|Model|ModelName|ModelVersion|Price|Error|PerformanceMetric|SchemaVersion|Schema|UsageWindow)
WHERE n.trace_id STARTS WITH $name OR any(id IN [n.model_id, n.name, n.schema_id] WHERE id ENDS WITH $name)
DETACH DELETE n
"""
OWN_NAMES = "MATCH (n:ModelName WHERE n.name ENDS WITH '{}')"
"""Other tests' names in the shared graph would fill the job's pages."""


class OwnHistory(RegistryHistory):
    """The history of this test only, from a shared graph."""

    def __init__(self, name: str) -> None:
        super().__init__(CATALOGUE.named)
        self.name = name

    def update(self, models: Iterable[RegistryModel]) -> None:
        super().update(model for model in models if model.model_id.endswith(self.name))


class World:
    """One test's part of the graph, with a registry, both workers, and the job."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str) -> None:
        self.driver, self.database, self.name = driver, database, f"n{uuid4().hex}"
        self.reader, self.recorder = Neo4jReader(driver, database), Neo4jRecorder(driver, database)
        history = OwnHistory(self.name)
        self.reference = RegistryReference(history)
        self.telemetry, self.registry = Table(build_with(history, CATALOGUE, OPTIONS)), RegistryTable()
        self.job = SettleNames(OwnHistory(self.name), CATALOGUE.entry)
        self.source, self.read, self.folded = Source(), 0, 0
        self.now = 0

    def id(self, model: str) -> str:
        return f"{model}-{self.name}"

    async def sync(self) -> None:
        """Fold what the registry has changed."""
        plan = self.registry.take(self.source.log[self.read :])
        self.read = len(self.source.log)
        await self.run(plan)

    async def learn(self) -> None:
        await refresh(self.reference, self.reader.ask)

    async def fold(self, log: Sequence[Sent]) -> None:
        plan, entries = self.telemetry.plan(parsed(log, self.folded))
        self.folded += len(log)
        await self.run(plan)
        self.telemetry.states.update(entries)

    async def run(self, plan: Sequence[Statement]) -> None:
        async with self.driver.session(database=self.database) as session, await session.begin_transaction() as work:
            for statement in plan:
                await work.run(statement.cypher, {"rows": statement.rows})

    async def round(self) -> int:
        """Run one round of the job on this test's part of the graph; return the number of its steps."""
        self.now += 1_000
        rows = await self.reader.ask(self._asked())
        steps = list(self.job.steps([row for row in rows if self._mine(row)], self.now))
        for step in steps:
            assert step.record is not None
            await self.recorder.record(step.record)
        return len(steps)

    def _asked(self) -> Query:
        query = self.job.query(self.now)
        return Query(query.cypher.replace("MATCH (n:ModelName)", OWN_NAMES.format(self.name)), query.parameters)

    async def settle(self) -> None:
        """Run the job until it has read the registry, compared all names once more, and then found none that is due."""
        while self.job.query(self.now).cypher != GRAPH_VERSION:
            await self.round()
        self.now += COMPARED_EVERY_MS
        compared = False
        while not (compared and self.job.query(self.now).cypher == GRAPH_VERSION):
            compared = compared or self.job.query(self.now).cypher == COMPATIBLE
            if await self.round():
                self.now, compared = self.now + COMPARED_EVERY_MS, False

    def _mine(self, row: dict[str, Any]) -> bool:
        return self.name in row.get("id", row.get("version_id", self.name))

    async def query(self, cypher: str, **parameters: object) -> list[Any]:
        found = await self.driver.execute_query(cypher, dict(parameters), database_=self.database)
        return [record.values() for record in found.records]

    async def shown(self, log: Iterable[Sent]) -> Graph:
        """Return the relationships to Models, and the stubs."""
        traces = {fields["trace_id"] for _, fields in log} - {None}
        names = "MATCH (m:Model) WHERE m.model_id ENDS WITH $name RETURN m.model_id, m.stub"
        models = await self.query(names, name=self.name)
        graph = await graph_snapshot(self.driver, self.database, sorted(traces), [model_id for model_id, _ in models])
        kept = {r for r in graph.relationships if "Model" in (r[0][0], r[2][0])}
        return Graph({("Model", model_id): {"stub": True} for model_id, stub in models if stub}, kept)
