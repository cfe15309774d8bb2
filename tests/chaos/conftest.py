"""``--chaos short`` (a selection, the default) or ``full``; ``--chaos-seed N`` gives other streams and combinations.

The servers are the chaos tests' own, because they are killed; MEMORY_GRAPH_CHAOS_STACK=NAME keeps a stack for later.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.chaos.arena import Arena
from tests.chaos.bugs import Bug
from tests.chaos.checker import judge
from tests.chaos.corner import Corner
from tests.chaos.history import History
from tests.chaos.report import Report, Scenario
from tests.chaos.servers import Servers
from tests.chaos.stream import Planned, Recipe, encoded, stream_of
from tests.chaos.supply import Supply
from workers.avro.encoder import AvroEncoder
from workers.avro.registry import SchemaRegistry
from workers.avro.schemas import load_reader_schemas
from workers.graph.driver import open_driver
from workers.graph.migrate import migrate
from workers.stack.stack import reset
from workers.stack.state import all_states

HOME = Path(os.environ.get("MEMORY_GRAPH_HOME") or Path(__file__).parents[2] / ".memory-graph").absolute()
PREFIX = "chaos-"
SHORT_SEED = 1
REFUSING = (
    # The database refuses what is too large for these: records that only it can turn away.
    "CREATE INDEX chaos_error_message IF NOT EXISTS FOR (e:Error) ON (e.message)",
    "CREATE INDEX chaos_note_text IF NOT EXISTS FOR (n:LedgerNote) ON (n.text)",
    "CREATE CONSTRAINT chaos_note IF NOT EXISTS FOR (n:LedgerNote) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT chaos_page IF NOT EXISTS FOR (p:LedgerPage) REQUIRE p.key IS UNIQUE",
)
Arenas = Callable[..., Awaitable[Arena]]
Judge = Callable[[Arena], Awaitable[Report]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", choices=("short", "full"), default="short", help="how many chaos scenarios to run")
    parser.addoption("--chaos-seed", type=int, default=SHORT_SEED, help="another seed gives another chaos")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: a chaos scenario that is not in the short selection")


def pytest_report_header(config: pytest.Config) -> str:
    return f"chaos: {config.getoption('--chaos', 'short')}, seed {config.getoption('--chaos-seed', SHORT_SEED)}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of the short selection what is marked ``full``."""
    if config.getoption("--chaos", "short") == "full":
        return
    left_out = [item for item in items if item.get_closest_marker("full")]
    items[:] = [item for item in items if not item.get_closest_marker("full")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--chaos-seed", SHORT_SEED))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Kafka, Neo4j and the schema registry, to be mistreated."""
    if kept := os.environ.get("MEMORY_GRAPH_CHAOS_STACK"):
        yield Servers(kept, HOME)
        return
    _remove_left_overs()
    name = f"{PREFIX}{os.getpid()}"
    try:
        yield Servers(name, HOME)
    finally:
        reset(name, home=HOME)


@pytest.fixture
async def arenas(servers: Servers, seed: int, tmp_path: Path) -> AsyncIterator[Arenas]:
    """Make a scenario's arena; ``stream`` is what a ``Recipe`` takes."""
    made: list[Arena] = []

    async def make(worker: str = "ledger", bug: Bug | None = None, **stream: Any) -> Arena:
        recipe = Recipe(**stream)
        await asyncio.to_thread(servers.start)  # whatever an earlier test has left behind
        name = f"c{uuid4().hex[:10]}"
        (tmp_path / name).mkdir()
        corner = Corner(servers.settings(), tmp_path / name, name, worker, recipe.partitions)
        await _prepare_graph(corner)
        await asyncio.to_thread(corner.create_topics)
        supply, history = await _supply(corner, stream_of(seed, corner.name, recipe))
        made.append(Arena(servers, corner, supply, history, bug))
        return made[-1]

    yield make
    for arena in made:
        arena.close()
        await asyncio.to_thread(arena.corner.delete_topics)


@pytest.fixture
def judged(request: pytest.FixtureRequest, seed: int) -> Judge:
    """End a scenario; print and return what the checker has to say."""

    async def judge_it(arena: Arena) -> Report:
        await asyncio.to_thread(arena.finish)
        report = await asyncio.to_thread(judge, arena, Scenario(request.node.nodeid, seed))
        print(report)  # noqa: T201 - pytest shows it when the test fails, and with -s
        return report

    return judge_it


async def _prepare_graph(corner: Corner) -> None:
    neo4j = corner.settings.neo4j
    async with open_driver(neo4j) as driver:
        await migrate(driver, neo4j.database)
        for statement in REFUSING:
            await driver.execute_query(statement, database_=neo4j.database)


async def _supply(corner: Corner, stream: Sequence[Planned]) -> tuple[Supply, History]:
    registry = SchemaRegistry(corner.settings.schema_registry_url)
    encoder = AvroEncoder(registry, load_reader_schemas(corner.folder / "schemas" / corner.worker))
    try:
        values = await encoded(stream, corner.topic, encoder)
    finally:
        await registry.aclose()
    history = History(corner.folder / "history.jsonl")
    return Supply(corner.settings.kafka.bootstrap_servers, corner.topic, stream, values, history), history


def _remove_left_overs() -> None:
    """Stop what a killed run left behind: its process is in the name."""
    for state in list(all_states(HOME)):
        owner = state.name.removeprefix(PREFIX)
        if owner != state.name and owner.isdigit() and not psutil.pid_exists(int(owner)):
            reset(state.name, home=HOME)
