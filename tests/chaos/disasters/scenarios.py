"""What breaks in each disaster, and what an operator does: the commands are those of helm/monitoring/DISASTERS.md."""

import asyncio

from tests.chaos.disasters.known import Disaster
from tests.chaos.faults.graph import more_batches, restored
from tests.chaos.running.arena import Arena
from tests.chaos.running.supply import Pace


async def neo4j_lost(arena: Arena) -> None:
    """Kill Neo4j, delete all that it has, and restore the last backup, with a running worker."""
    arena.supply.pace = Pace.STEPS
    arena.start()
    await more_batches(arena)
    await asyncio.to_thread(arena.servers.back_up_graph)
    await more_batches(arena)
    arena.disaster(Disaster.NEO4J_LOST)
    arena.history.note("restoring")
    await asyncio.to_thread(arena.servers.lose, "neo4j")
    await asyncio.to_thread(arena.servers.restore_graph)
    await restored(arena)
