"""Options: ``--chaos short`` (a selection, the default) or ``full``; ``--chaos-seed N`` for other streams.

The chaos tests have their own servers, because they kill them; MEMORY_GRAPH_CHAOS_STACK=NAME keeps a stack for later.
With pytest's ``-n 2`` two processes share the scenarios, each with its own servers.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.chaos.bugs import Bug
from tests.chaos.checking.checker import judge
from tests.chaos.disasters.measured import measured, write
from tests.chaos.faults.scale import nothing
from tests.chaos.report import Report, Scenario
from tests.chaos.running.arena import Arena
from tests.chaos.running.audit_stream import audit_stream_of
from tests.chaos.running.corner import Corner
from tests.chaos.running.prepared import prepare_graph, supply_of
from tests.chaos.running.servers import Servers
from tests.chaos.running.stream import Recipe, stream_of
from tests.chaos.scenario import Fault, play
from workers.dev.stack.lifecycle import reset
from workers.dev.stack.state import all_states

HOME = Path(os.environ.get("MEMORY_GRAPH_HOME") or Path(__file__).parents[2] / ".memory-graph").absolute()
PREFIX = "chaos-"
LONGEST = (
    "test_disasters.py",
    "test_audit.py",
    "test_seeded_bugs.py",
    "test_storms.py",
    "test_telemetry.py",
    "test_faults.py",
)
"""The files with servers in the order of their longest tests: they start first."""
SHORT_SEED = 1
Arenas = Callable[..., Awaitable[Arena]]
Judge = Callable[[Arena], Awaitable[Report]]
Harmless = Callable[..., Awaitable[None]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", choices=("short", "full"), default="short", help="how many chaos scenarios to run")
    parser.addoption("--chaos-seed", type=int, default=SHORT_SEED, help="another seed gives another chaos")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: a chaos scenario that is not in the short selection")


def pytest_report_header(config: pytest.Config) -> str:
    return f"chaos: {config.getoption('--chaos', 'short')}, seed {config.getoption('--chaos-seed', SHORT_SEED)}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests marked ``full`` in the short selection. In the full one, begin with the longest tests.

    At the end of a run all but one process would wait for them.
    """
    if config.getoption("--chaos", "short") == "full":
        items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
        return
    left_out = [item for item in items if item.get_closest_marker("full")]
    items[:] = [item for item in items if not item.get_closest_marker("full")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--chaos-seed", SHORT_SEED))


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, shared: Path) -> Iterator[Servers]:
    """Start Kafka, Neo4j and the schema registry for the faults."""
    beside, cache = os.environ.get("PYTEST_XDIST_WORKER", ""), shared / "neo4j.aot"
    if kept := os.environ.get("MEMORY_GRAPH_CHAOS_STACK"):
        yield Servers(f"{kept}-{beside}" if beside else kept, HOME, cache)
        return
    if beside in {"", "gw0"}:
        _remove_left_overs()
    name = f"{PREFIX}{os.getpid()}"
    try:
        servers = Servers(name, HOME, cache)
        if beside == "gw0" and request.config.getoption("--chaos", "short") == "full":
            servers.train()
        yield servers
    finally:
        reset(name, home=HOME)


@pytest.fixture
async def arenas(servers: Servers, seed: int, tmp_path: Path) -> AsyncIterator[Arenas]:
    """Yield a function that makes a scenario's arena; ``stream`` is what a ``Recipe`` takes."""
    made: list[Arena] = []

    async def make(worker: str = "ledger", bug: Bug | None = None, order: str = "relaxed", **stream: Any) -> Arena:
        recipe = Recipe(**stream)
        await asyncio.to_thread(servers.start)  # restarts servers that an earlier test has stopped
        name = f"c{uuid4().hex[:10]}"
        vault = await asyncio.to_thread(servers.vault, name) if worker == "audit" else None
        (tmp_path / name).mkdir()
        partitions = recipe.partitions - recipe.late_partitions
        corner = Corner(servers.settings(), tmp_path / name, name, worker, partitions, order)
        await prepare_graph(corner)
        await asyncio.to_thread(corner.create_topics)
        plan = audit_stream_of if worker == "audit" else stream_of
        supply, history = await supply_of(corner, plan(seed, corner.name, recipe))
        made.append(Arena(servers, corner, supply, history, bug, vault))
        return made[-1]

    yield make
    for arena in made:
        arena.close()
        await asyncio.to_thread(arena.corner.delete_topics)


@pytest.fixture
def judged(request: pytest.FixtureRequest, seed: int) -> Judge:
    """End a scenario; print and return the checker's report."""

    async def judge_it(arena: Arena) -> Report:
        await asyncio.to_thread(arena.finish)
        report = await asyncio.to_thread(judge, arena, Scenario(request.node.nodeid, seed))
        if not report.findings and (found := measured(report.history)):
            await asyncio.to_thread(write, found, HOME)
        print(report)  # noqa: T201 - pytest shows it when the test fails, and with -s
        return report

    return judge_it


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all processes of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def hashes(shared: Path) -> Path:
    """Return the folder for hashes of graphs without faults: a file for each worker and stream.

    Two processes that miss the same hash at once both play it.
    """
    folder = shared / "graphs-without-faults"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def harmless(arenas: Arenas, judged: Judge, hashes: Path) -> Harmless:
    """Play a fault: no findings, and the graph of a run without faults."""

    async def played(worker: str, fault: Fault, **stream: Any) -> str:
        arena = await arenas(worker, **stream)
        await play(arena, fault)
        report = await judged(arena)
        assert report.has_a_fault is (fault is not nothing)
        assert not report.findings
        return report.graph_hash

    async def is_harmless(worker: str, fault: Fault, **stream: Any) -> None:
        known = hashes / sha256(f"{worker} {stream}".encode()).hexdigest()
        if not known.exists():
            _write_whole(known, await played(worker, nothing, **stream))
        assert await played(worker, fault, **stream) == known.read_text()

    return is_harmless


def _write_whole(file: Path, text: str) -> None:
    """Write a file that another process never sees in part."""
    beside = file.with_suffix(f".{os.getpid()}")
    beside.write_text(text)
    beside.replace(file)


def _remove_left_overs() -> None:
    """Stop a killed run's processes: its process id is in the name."""
    for state in list(all_states(HOME)):
        owner = state.name.removeprefix(PREFIX).removesuffix("-b")
        if state.name.startswith(PREFIX) and owner.isdigit() and not psutil.pid_exists(int(owner)):
            reset(state.name, home=HOME)
