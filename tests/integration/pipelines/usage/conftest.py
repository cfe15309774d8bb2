"""One test's part of a shared graph: windows in years without other calls."""

from collections.abc import AsyncIterator, Iterable, Mapping
from random import Random
from typing import Any
from uuid import uuid4

import neo4j
import pytest

from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.config.settings import Neo4jSettings, Settings
from workers.core.job import Call, Effect, PeriodicJob, Step
from workers.core.reference import Query
from workers.pipelines.registry.jobs.usage_periods import past_periods, recent_periods
from workers.pipelines.registry.jobs.usage_reports import SendUsageReports
from workers.pipelines.registry.jobs.usage_windows import CountUsage
from workers.pipelines.registry.options import Usage

MINUTE = 60_000
HOUR = 60 * MINUTE
BEGIN = 1_451_606_400_000
"""2016-01-01T00:00:00Z, in milliseconds."""
USAGE = Usage(topic="usage", top_use_cases=2)

CREATE = """
UNWIND $calls AS call
MERGE (m:Model {model_id: coalesce(call.used_model, call.model_id)})
CREATE (i:Invocation)-[:USES_MODEL]->(m)
SET i = call, i.timestamp = datetime({epochMillis: call.timestamp})
"""
CHANGE = """
MATCH (i:Invocation {key: $key})-[r:USES_MODEL]->()
DELETE r
SET i += $changed, i.timestamp = datetime({epochMillis: $at})
WITH i MERGE (m:Model {model_id: $used_model})
CREATE (i)-[:USES_MODEL]->(m)
"""
CLEAR = "MATCH (n:Invocation|Model) WHERE n.model_id STARTS WITH $name DETACH DELETE n"


class World:
    """Calls in the graph, and the worker's procedures over them, with their own clock."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str) -> None:
        self.name = f"u{uuid4().hex}"
        self.driver = driver
        self.database = database
        self.reader = Neo4jReader(driver, database)
        self.recorder = Neo4jRecorder(driver, database)
        self.calls: list[dict[str, Any]] = []
        self.said: list[Effect] = []

    async def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        return await self.reader.ask(Query(cypher, {"name": self.name} | parameters))

    async def write(self, cypher: str, **parameters: Any) -> None:
        await self.recorder.record(Query(cypher, {"name": self.name} | parameters))

    async def add(self, calls: Iterable[Mapping[str, Any]]) -> None:
        """Write calls to the graph."""
        made = [{"key": f"{self.name}/{len(self.calls) + at}", **call} for at, call in enumerate(calls)]
        self.calls += made
        await self.write(CREATE, calls=made)

    async def change(self, key: str, **now: Any) -> None:
        """Change a call, as a late event does."""
        (call,) = [call for call in self.calls if call["key"] == key]
        call |= now
        changed = {name: value for name, value in now.items() if name != "timestamp"}
        used = {"used_model": call.get("used_model", call["model_id"])}
        await self.write(CHANGE, key=key, changed=changed, at=call["timestamp"], **used)

    def drawn(self, random: Random, count: int, begin: int = BEGIN, hours: int = 4) -> list[dict[str, Any]]:
        """Return random calls of some hours, some of them under an alias of their model."""
        return [
            {
                "model_id": f"{self.name}-{random.choice('xyz')}",
                "used_model": f"{self.name}-{random.choice('abc')}",
                "timestamp": begin + random.choice((0, 1, HOUR - 1, HOUR, random.randrange(HOUR * 9))) % (hours * HOUR),
                "user_id": random.choice((None, "anna", "ben", f"user {random.randint(1, 9)}")),
                "use_case": random.choice((None, "chat", "code", "summary")),
                "latency_ms": random.choice((None, 0.0, 0.1, random.uniform(0, 1e6))),
                "status": random.choice(("STARTED", "SUCCESS", "SUCCESS", "ERROR", "TIMEOUT")),
            }
            for _ in range(count)
        ]

    async def run(self, procedure: PeriodicJob, now_ms: int) -> int:
        """Run a procedure until nothing is due; return the number of steps."""
        count = 0
        while steps := list(procedure.steps(await self.reader.ask(procedure.query(now_ms)), now_ms)):
            for step in steps:
                assert isinstance(step, Step)
                assert step.record is not None
                self.said += step.effects
                await self.recorder.record(step.record)
            count += len(steps)
        return count

    async def tell(self, now_ms: int, usage: Usage = USAGE) -> list[Call]:
        """Run all procedures; return the new API calls about this test's models."""
        self.said.clear()
        for procedure in (
            recent_periods(usage),
            past_periods(usage),
            CountUsage(usage),
            SendUsageReports(usage, has_api=True),
        ):
            await self.run(procedure, now_ms)
        return [said for said in self.said if isinstance(said, Call) and self.name in said.path]

    async def clear(self) -> None:
        await self.write(CLEAR)
        await self.write("MATCH (n:UsageWindow|UsagePeriod) DETACH DELETE n")


@pytest.fixture
def settings() -> Neo4jSettings:
    return Settings.from_environment().neo4j


@pytest.fixture
async def world(settings: Neo4jSettings) -> AsyncIterator[World]:
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
        world = World(driver, settings.database)
        yield world
        await world.clear()
