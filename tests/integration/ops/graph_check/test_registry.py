"""Models and schemas in the real graph, written in random batches of random changes, and edited."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from tests.model.registry_changes import Registry
from tests.model.registry_source import Change
from tests.model.traffic import seeded
from tests.unit.pipelines.registry.driven import WORKER, Table, events
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.config.settings import Settings
from workers.core.record import ConsumedRecord
from workers.ops.graph_check.compare import Difference
from workers.ops.graph_check.log import Decoding
from workers.ops.graph_check.partition import Place
from workers.ops.graph_check.registry.folded import FoldedSubject
from workers.ops.graph_check.registry.partition import SubjectsOfPartition
from workers.ops.graph_check.report import Report
from workers.ops.graph_check.watermarks import Log, Mark, PartitionMark

STATES = "UNWIND $rows AS row MERGE (s:WorkerState {id: 'registry/' + row[0]}) SET s.state = row[1]"
CLEAR = """
MATCH (n:Model|ModelVersion|Price|Capability|Schema|SchemaVersion|WorkerState)
WHERE coalesce(n.model_id, n.schema_id, n.name, n.id) CONTAINS $name DETACH DELETE n
"""
MODEL = "MATCH (n:Model) WHERE n.model_id STARTS WITH $name AND NOT n.stub WITH n ORDER BY n.model_id LIMIT 1"
OF_NAME = "WHERE n.model_id STARTS WITH $name WITH n ORDER BY n.model_id LIMIT 1"


class Written:
    """The graph of a log of changes, and the changes folded again."""

    def __init__(self, graph: GraphConnection, seed: int) -> None:
        self.graph, self.name = graph, f"v{uuid4().hex[:8]}"
        random = seeded(seed)
        registry = Registry(random, self.name, 4)
        for _ in range(80):
            registry.change()
        self.random, self.log = random, registry.delivered()
        mark = PartitionMark("registry", "changes", 0, Mark(len(self.log), "id"), Log("id", 0, len(self.log)))
        report = Report(10)
        place = Place(graph, mark, None, report, report.registry, lambda _: None)  # type: ignore[arg-type]  # no topic
        self.check = SubjectsOfPartition(place, Decoding(WORKER, None))  # type: ignore[arg-type]  # decoded already

    async def write(self) -> None:
        left, table = events(self.log), Table()
        while left:
            size = self.random.randint(1, 40)
            plan, entries = table.plan(left[:size])
            for statement in plan:
                await self.graph.rows(statement.cypher, rows=statement.rows)
            table.states.update(entries)
            left = left[size:]
        await self.graph.rows(STATES, rows=[[key, state] for key, state in table.states.items()])

    async def differences(self) -> list[Difference]:
        subjects = folded(self.log, self.check)
        return [each for judged in await self.check.judged(list(subjects.values())) for each in judged.differences]

    async def edit(self, cypher: str) -> None:
        await self.graph.rows(cypher, name=self.name)


def folded(log: list[Change], check: SubjectsOfPartition) -> Mapping[str, FoldedSubject]:
    into: dict[str, FoldedSubject] = {}
    records = [(ConsumedRecord("r", 0, offset, 0, b"k", None), event) for offset, event in enumerate(events(log))]
    check.take(into, records)
    return into


@pytest.fixture
async def graph() -> AsyncIterator[GraphConnection]:
    settings = Settings.from_environment().neo4j
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
    async with GraphConnection(settings) as connection:
        yield connection


@pytest.fixture
async def written(request: pytest.FixtureRequest, graph: GraphConnection) -> AsyncIterator[Written]:
    made = Written(graph, getattr(request, "param", 3))
    await made.write()
    yield made
    await made.edit(CLEAR)


@pytest.mark.parametrize("written", range(6), indirect=True)
async def test_what_the_worker_wrote_has_no_difference(written: Written) -> None:
    assert await written.differences() == []


EDITS: list[Any] = [
    pytest.param(f"{MODEL} SET n.provider = 'edited'", "property", "provider", id="property"),
    pytest.param(f"{MODEL} SET n.effective_from = 'noon'", "property", "effective_from", id="time"),
    pytest.param(f"MATCH (n:Price) {OF_NAME} DETACH DELETE n", "missing node", None, id="price deleted"),
    pytest.param(f"MATCH (n:Price) {OF_NAME} SET n.input = '0.1'", "property", "input", id="price changed"),
    pytest.param(
        f"{MODEL} MATCH (n)-[r:HAS_PRICE]->() DELETE r",
        "missing relationship",
        "HAS_PRICE",
        id="price parted",
    ),
    pytest.param(
        f"{MODEL} CREATE (n)-[:HAS_CAPABILITY]->(:Capability {{name: $name + '-telepathy'}})",
        "unexplained relationship",
        "HAS_CAPABILITY",
        id="capability inserted",
    ),
    pytest.param(
        "MATCH (n:WorkerState) WHERE n.id STARTS WITH 'registry/model/' + $name WITH n LIMIT 1 SET n.state = null",
        "property",
        "state",
        id="state removed",
    ),
]


@pytest.mark.parametrize(("edit", "kind", "name"), EDITS)
async def test_an_edit_is_named(written: Written, edit: str, kind: str, name: str | None) -> None:
    await written.edit(edit)
    found = {(each.kind.value, (each.name or "").split(" ")[0] or None) for each in await written.differences()}
    assert (kind, name) in found
