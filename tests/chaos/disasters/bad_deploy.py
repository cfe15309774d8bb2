"""A wrong version has written for a while: roll back, rebuild the graph beside the live one, and switch to it."""

import asyncio
import json

from tests.chaos.bugs import Bug
from tests.chaos.disasters.known import Disaster
from tests.chaos.faults.graph import more_batches, restored
from tests.chaos.running.arena import Arena
from tests.chaos.running.prepared import prepare_graph
from tests.chaos.running.servers import Servers
from tests.chaos.running.supply import Pace
from tests.chaos.running.worker_process import WorkerProcess
from tests.end_to_end.program import Program, run

SHARED = ("KAFKA_BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL")
STEPS = 3
"""Some sixty records: in those of one step there may be no tokens."""


async def bad_deploy(arena: Arena) -> None:
    """Deploy a version that leaves out tokens. After the rollback the graph goes on, with what is wrong in it."""
    await arena.leave(await _working(arena))
    arena.disaster(Disaster.BAD_DEPLOY)
    arena.environment["CHAOS_BUG"] = Bug.TOKENS_LEFT_OUT
    await arena.leave(await _working(arena))
    del arena.environment["CHAOS_BUG"]
    worker = await _working(arena)
    named = await asyncio.to_thread(_differences, arena)
    assert "prompt_tokens" in named, "graph verify names what the wrong version wrote"
    fresh, log = await arena.servers_beside(*SHARED), arena.corner.folder / "rebuild.log"
    with Program(["graph", "rebuild", "--execute", "--follow"], _rebuilding(arena, fresh), log) as rebuild:
        await arena.until(lambda: rebuild.ended or "follows it" in log.read_text(), "the rebuild follows")
        await _some_more(arena)
        await arena.leave(worker)
        assert await asyncio.to_thread(rebuild.stop) == 0, rebuild.tail()
    arena.history.note("restoring")
    arena.switch_to(fresh)
    await prepare_graph(arena.corner)
    await restored(arena)
    await _working(arena)
    assert not await asyncio.to_thread(_differences, arena)


async def _working(arena: Arena) -> WorkerProcess:
    """Start a worker; return it when it has written some batches."""
    worker = arena.start()
    await _some_more(arena)
    return worker


async def _some_more(arena: Arena) -> None:
    """Have some batches written, then send nothing: the stream must last until the end on a slow machine, too."""
    arena.supply.pace = Pace.STEPS
    for _ in range(STEPS):
        await more_batches(arena)
    arena.supply.pace = Pace.HELD


def _differences(arena: Arena) -> set[str]:
    """Return the names of all properties that ``graph verify`` says are wrong; an empty set for an equal graph."""
    command = ["graph", "verify", "--all", "--check", "traces", "-o", "json"]
    code, shown, said = run(command, {**arena.servers.environment, "MEMORY_GRAPH_TOPOLOGY": str(arena.corner.topology)})
    assert code in {0, 1}, said
    document = json.loads(shown)
    assert document["traces"]["compared"], shown
    return {each["name"] for each in document["differences"]}


def _rebuilding(arena: Arena, fresh: Servers) -> dict[str, str]:
    new = {f"NEW_{name}": value for name, value in fresh.environment.items() if name.startswith("NEO4J_")}
    return {**arena.servers.environment, **new, "MEMORY_GRAPH_TOPOLOGY": str(arena.corner.topology)}
