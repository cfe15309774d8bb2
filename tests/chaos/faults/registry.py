"""The schema registry is restarted."""

import asyncio

from tests.chaos.running.arena import Arena


async def registry_restarted(arena: Arena) -> None:
    """Start a worker while the registry is down: it must wait, and reject nothing."""
    arena.fault("registry killed")
    await asyncio.to_thread(arena.servers.kill, "apicurio")
    worker = arena.start()
    await arena.until(lambda: "schema-registry" in worker.tail(), "the worker waits for the registry")
    await asyncio.to_thread(arena.servers.start)
    arena.fault("registry is back")
    await arena.until(lambda: arena.evidence.writes_of(worker), "records flow")
