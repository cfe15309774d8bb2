"""Faults of Neo4j: restart, silence, or a lost answer to a commit."""

import asyncio

from tests.chaos.running.arena import Arena
from tests.chaos.running.supply import AHEAD, Pace
from tests.proxy import TcpProxy

WRITE = b"w.offset = claim.after"
CLAIM = b"MERGE (w:Watermark"
PATIENCE_SECONDS = 6.0
FILLING_SECONDS = 10.0
BEFORE, AFTER = "before-the-rotation", "after-the-rotation"


async def database_restarted(arena: Arena, *, politely: bool = False) -> None:
    """Restart Neo4j while two workers process records."""
    workers = arena.start(), arena.start()
    await arena.until(lambda: any(map(arena.evidence.writes_of, workers)), "records flow")
    arena.fault("database stopped" if politely else "database killed")
    await asyncio.to_thread(arena.servers.stop if politely else arena.servers.kill, "neo4j")
    wrote = arena.evidence.writes()
    await asyncio.to_thread(arena.servers.start)
    arena.fault("database is back")
    await arena.until(lambda: arena.evidence.writes() > wrote, "records flow again")


async def database_frozen(arena: Arena, seconds: float) -> None:
    """Stop Neo4j with SIGSTOP: connections stay open, but it does not answer."""
    workers = arena.start(), arena.start()
    await arena.until(lambda: any(map(arena.evidence.writes_of, workers)), "records flow")
    arena.servers.freeze("neo4j")
    arena.fault("database frozen", seconds=seconds)
    try:
        await asyncio.sleep(seconds)
        wrote = arena.evidence.writes()
    finally:
        arena.servers.thaw("neo4j")
    await arena.until(lambda: arena.evidence.writes() > wrote, "records flow again")


async def answers_to_commits_lost(arena: Arena, times: int = 3) -> None:
    """Break the connection after the server's commit: first for a claim, then for batches."""
    async with TcpProxy.before(arena.servers.environment["NEO4J_URI"]) as proxy:
        proxy.lose_answer(CLAIM)
        worker = arena.start(neo4j_uri=f"bolt://{proxy.host}:{proxy.port}")
        for time in range(times):
            await arena.until(proxy.triggered.is_set, "an answer has been lost")
            arena.fault("answer lost", time=time)
            proxy.mend()
            proxy.lose_answer(WRITE)
        await arena.until(proxy.triggered.is_set, "an answer has been lost")
        proxy.mend()
        wrote = arena.evidence.writes_of(worker)
        await arena.until(lambda: arena.evidence.writes_of(worker) > wrote, "the outcome has been found out")
        await arena.leave(worker)


async def database_silent_and_worker_killed(arena: Arena) -> None:
    """Kill a worker whose batches wait for the database. None may have been acknowledged.

    The log is full before the worker starts, and batches are small: on any machine, at least one batch
    is acknowledged while others of its partition are fetched, and those stay in flight.
    """
    await arena.until(lambda: arena.evidence.produced() >= AHEAD, "records wait")
    async with TcpProxy.before(arena.servers.environment["NEO4J_URI"]) as proxy:
        proxy.freeze_at(WRITE, arena.corner.partitions + 1)
        uri = f"bolt://{proxy.host}:{proxy.port}"
        worker = arena.start(neo4j_uri=uri, batch={"max_rows": 10}, consumer={"chunk_records": 10})
        await arena.until(proxy.triggered.is_set, "a batch is held")
        arena.fault("database silent")
        await arena.watch(arena.is_committed_ahead, PATIENCE_SECONDS)
        worker.kill()
        arena.fault("killed", pid=worker.pid)
    arena.start()


async def database_silent_and_much_to_read(arena: Arena, room_mib: int) -> None:
    """Fill the log with more than a worker may hold or fetch."""
    async with TcpProxy.before(arena.servers.environment["NEO4J_URI"]) as proxy:
        uri = f"bolt://{proxy.host}:{proxy.port}"
        # Small batches, so that memory shows the fetched records.
        worker = arena.start(neo4j_uri=uri, batch={"max_rows": 5}, consumer={"chunk_records": 5})
        await arena.until(lambda: arena.evidence.writes_of(worker), "records flow")
        bound = round(worker.memory_mib()) + room_mib
        arena.history.note("memory_bound", mib=bound)
        proxy.freeze()
        arena.fault("database silent")
        await arena.supply.stop()
        await arena.supply.send(0.8)
        await arena.watch(lambda: worker.memory_mib() > bound, FILLING_SECONDS)
        proxy.mend()
        await arena.settle()
        await arena.leave(worker)


async def password_rotated(arena: Arena) -> None:
    """The password changes, the database is restarted, and the file with the new password comes last."""
    file = arena.corner.folder / "password"
    arena.supply.pace = Pace.TRICKLE  # an idle worker logs nothing
    await asyncio.to_thread(file.write_text, BEFORE)
    await asyncio.to_thread(arena.corner.set_password, BEFORE)
    arena.environment |= {"NEO4J_USERNAME": arena.corner.name, "NEO4J_PASSWORD": "", "NEO4J_PASSWORD_FILE": str(file)}
    worker = arena.start()
    await arena.until(lambda: arena.evidence.writes_of(worker), "records flow")
    await asyncio.to_thread(arena.corner.set_password, AFTER)
    arena.fault("password changed")
    await asyncio.to_thread(arena.servers.stop, "neo4j")
    await asyncio.to_thread(arena.servers.start)
    await arena.until(lambda: "NEO4J_PASSWORD_FILE" in worker.tail(), "the worker says what is wrong")
    await asyncio.to_thread(file.write_text, AFTER)
    arena.fault("password written")


async def a_transaction_never_ends(arena: Arena) -> None:
    """One record's statement reaches the time limit of its transaction, at each attempt."""
    arena.environment["CHAOS_TRANSACTION_SECONDS"] = "2"
    arena.tune(batch={"max_rows": 5}, consumer={"chunk_records": 5})
    worker = arena.start()
    await arena.until(lambda: arena.evidence.writes_of(worker), "records flow")
    arena.fault("a transaction never ends")
