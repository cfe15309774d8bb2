"""The graph is restored or emptied under running workers, or caches are small."""

import asyncio

from tests.chaos.disasters.known import Disaster
from tests.chaos.faults.scale import scaled_out_and_in
from tests.chaos.running.arena import Arena
from tests.chaos.running.supply import Pace

BATCHES = 3
WIPE = """
MATCH (w:Watermark) SET w.token = ''
WITH count(w) AS locked MATCH (n) WHERE NOT n:Migration DETACH DELETE n
"""
"""With the locks of all watermarks no worker writes meanwhile, so nothing is left in part."""


async def restored_from_a_backup(arena: Arena, session_timeout_seconds: int = 6) -> None:
    """Restore a dump that is some batches old, with the running worker's token.

    Records come in steps: in a continuous flow, one batch after the outage could have all that is left of it.
    """
    arena.supply.pace = Pace.STEPS
    arena.tune(session_timeout_seconds=session_timeout_seconds)
    arena.start()
    await more_batches(arena)
    await asyncio.to_thread(arena.servers.back_up_graph)
    arena.fault("backed up")
    await more_batches(arena)
    arena.disaster(Disaster.NEO4J_OLDER)
    arena.history.note("restoring")
    await asyncio.to_thread(arena.servers.restore_graph)
    await restored(arena)
    arena.fault("restored from a backup")
    await more_batches(arena)


async def emptied(arena: Arena) -> None:
    """Delete everything but the migrations, in one transaction."""
    arena.start(), arena.start()
    await more_batches(arena)
    arena.history.note("restoring")
    with arena.corner.driver() as driver, driver.session(database=arena.corner.settings.neo4j.database) as session:
        await asyncio.to_thread(lambda: session.run(WIPE).consume())
    await restored(arena)
    arena.fault("emptied")
    await more_batches(arena)


async def nothing_remembered(arena: Arena) -> None:
    """Scale workers that keep only two states in memory, so most are read."""
    arena.tune(state={"max_entries": 2})
    await scaled_out_and_in(arena)


async def more_batches(arena: Arena) -> None:
    """Wait until some batches more are written."""
    wrote = arena.evidence.writes()
    await arena.until(lambda: arena.evidence.writes() >= wrote + BATCHES, "records flow")


async def restored(arena: Arena) -> None:
    """Note that the graph is another, once the witness has begun to look at that: its look may have been under way."""
    looks = arena.witness.looks
    await arena.until(lambda: arena.witness.looks > looks + 1, "the witness looks at the other graph")
    arena.history.note("restored")
