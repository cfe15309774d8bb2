"""The graph is restored or emptied under running workers, or caches are small."""

import asyncio
import re

from tests.chaos.disasters.known import Disaster
from tests.chaos.faults.scale import scaled_out_and_in
from tests.chaos.running.arena import Arena
from tests.chaos.running.supply import Pace

BATCHES = 3
STANDS_STILL = re.compile(r"the graph has nothing of \S+\[(\d+)\], which was read before")
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
    await _all_partitions(arena)
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
    await _wipe(arena)
    await more_batches(arena)


async def emptied_and_a_new_chain_begun(arena: Arena) -> None:
    """Delete everything: the audit worker stands still. Begin a new chain, as the worker's log line advises."""
    worker = arena.start()
    await _all_partitions(arena)
    # Committed offsets are what remembers, outside of the graph, that a chain was begun.
    await arena.until(lambda: len(arena.witness.committed) == arena.corner.partitions, "every partition is committed")
    arena.history.note("emptied")
    await _wipe(arena)
    everything = set(range(arena.corner.partitions))
    await arena.until(
        lambda: (
            arena.witness.chains or {int(each) for each in STANDS_STILL.findall(worker.log.read_text())} == everything
        ),
        "the worker stands still, or not",
    )
    if arena.witness.chains:
        return
    assert "workers.audit.chain_id" in worker.tail(), worker.tail()
    await arena.leave(worker)
    arena.corner.begin_chain("2")
    signed = arena.evidence.checkpoints(signed=True)
    arena.start()
    await more_batches(arena)
    await arena.until(lambda: arena.evidence.checkpoints(signed=True) > signed, "a checkpoint of the new chain")


async def nothing_remembered(arena: Arena) -> None:
    """Scale workers that keep only two states in memory, so most are read."""
    arena.tune(state={"max_entries": 2})
    await scaled_out_and_in(arena)


async def _wipe(arena: Arena) -> None:
    arena.history.note("restoring")
    with arena.corner.driver() as driver, driver.session(database=arena.corner.settings.neo4j.database) as session:
        await asyncio.to_thread(lambda: session.run(WIPE).consume())
    await restored(arena)
    arena.fault("emptied")


async def _all_partitions(arena: Arena) -> None:
    """Wait for some batches, and until the graph has records of every partition."""
    await more_batches(arena)

    def is_in_all() -> bool:
        marks = arena.witness.watermarks.values()
        return len(marks) == arena.corner.partitions and all(mark.offset >= 0 for mark in marks)

    await arena.until(is_in_all, "records of every partition are in the graph")


async def more_batches(arena: Arena) -> None:
    """Wait until some batches more are written."""
    wrote = arena.evidence.writes()
    await arena.until(lambda: arena.evidence.writes() >= wrote + BATCHES, "records flow")


async def restored(arena: Arena) -> None:
    """Note that the graph is another, once the witness has begun to look at that: its look may have been under way."""
    looks = arena.witness.looks
    await arena.until(lambda: arena.witness.looks > looks + 1, "the witness looks at the other graph")
    arena.history.note("restored")
