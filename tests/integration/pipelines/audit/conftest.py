"""The worker's queries and plans on a real Neo4j, without Kafka: one topic of a test's own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import neo4j
import pytest

from tests.unit.pipelines.audit.records import AT, RECORD
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.adapters.graph.watermark import subqueries
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Neo4jSettings, Settings
from workers.core.job import PeriodicJob, Step
from workers.core.record import Decoded, TopicPartition
from workers.core.statement import Statement
from workers.pipelines.audit.fold.chain import Chain
from workers.pipelines.audit.read.parse import parse
from workers.pipelines.audit.worker import chain_of
from workers.pipelines.audit.write.plan import plan

CLEAR = (
    "MATCH (n:AuditEvent|AuditChain {topic: $name}) DETACH DELETE n",
    "MATCH (n:User|Prompt|Completion|SecurityAlert) WHERE coalesce(n.user_id, n.id) STARTS WITH $name DETACH DELETE n",
)


class World:
    """A topic, whose partitions are taken batch by batch."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str) -> None:
        self.name = f"a{uuid4().hex}"
        self.reader = Neo4jReader(driver, database)
        self.recorder = Neo4jRecorder(driver, database)
        self.writer = Neo4jWriter(driver, database)
        self._driver = driver
        self._database = database

    async def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        found = await self._driver.execute_query(cypher, {"name": self.name, **parameters}, database_=self._database)
        return [each.data() for each in found.records]

    async def plan_of(self, cypher: str, **parameters: Any) -> str:
        """Return the plan of a query, as text, without running it."""
        found = await self._driver.execute_query(f"EXPLAIN {cypher}", parameters, database_=self._database)
        return str(found.summary.plan)

    async def take(self, *events: Mapping[str, Any], partition: int = 0, chain_id: str = "1") -> Chain:
        """Fold the events over what the graph has, as the engine does, and write them in one query."""
        state = chain_of(TopicPartition(self.name, partition), chain_id)
        parsed = [parse(Decoded(RECORD, each), AT) for each in events]
        assert state.stored is not None
        assert state.seen is not None
        key = state.key(parsed[0])
        assert key is not None
        stored = (await self.writer.stored(state.stored.cypher, "audit", [key])).get(key)
        chain = state.stored.restore(stored) if stored else state.new()
        chain.learn(await self.writer.stored(state.seen.cypher, "audit", [each.audit_id for each in parsed]))
        for each in parsed:
            state.fold(chain, each, 0)
        await self.run(plan([chain]))
        return chain

    async def run(self, statements: Sequence[Statement]) -> None:
        """Run a plan as the writer does: one query, one transaction."""
        if statements:
            parts = subqueries([statement.cypher for statement in statements])
            await self.query("\n".join((*parts, "FINISH")), rows=[list(statement.rows) for statement in statements])

    async def take_steps(self, job: PeriodicJob) -> int:
        """Run a job until nothing of this test is due; return the number of its steps."""
        count = 0
        while steps := [each for each in await self._steps(job) if isinstance(each, Step) and each.record]:
            for step in steps:
                assert step.record is not None
                await self.recorder.record(step.record)
            count += len(steps)
        return count

    async def _steps(self, job: PeriodicJob) -> list[Any]:
        rows = await self.reader.ask(job.query(AT))
        mine = [row for row in rows if "chains" in row or row["id"].startswith(self.name)]
        return list(job.steps(mine, AT))


@pytest.fixture
def settings() -> Neo4jSettings:
    return Settings.from_environment().neo4j


@pytest.fixture
async def world(settings: Neo4jSettings) -> AsyncIterator[World]:
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
        world = World(driver, settings.database)
        yield world
        for cypher in CLEAR:
            await world.query(cypher)
