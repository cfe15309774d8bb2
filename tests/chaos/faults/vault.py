"""The vault that signs checkpoints is away, or sealed."""

import asyncio

from tests.chaos.disasters.known import Disaster
from tests.chaos.faults.graph import BATCHES
from tests.chaos.running.arena import Arena
from tests.chaos.running.supply import Pace


async def vault_killed(arena: Arena) -> None:
    """Kill the vault, with ``on_outage: hold``: events go on, and checkpoints wait for their signature."""
    arena.supply.pace = Pace.STEPS  # a stream that does not wait for the worker would be over too soon
    worker = arena.start()
    await signed_again(arena)
    arena.fault("vault killed")
    await asyncio.to_thread(arena.servers.kill, "openbao")
    await arena.until(
        lambda: "waits for its signature" in worker.log.read_text() or arena.evidence.checkpoints(signed=False),
        "the worker waits with its checkpoint, or not",
    )
    await _events_go_on(arena)
    await asyncio.to_thread(arena.servers.start)
    await asyncio.to_thread(arena.vault.restore)
    arena.fault("vault is back")
    await signed_again(arena)


async def vault_sealed(arena: Arena) -> None:
    """Seal the vault, with ``on_outage: continue``: checkpoints go on without a signature until it is unsealed."""
    arena.supply.pace = Pace.STEPS  # a stream that does not wait for the worker would be over too soon
    arena.history.note("unsigned_allowed")
    arena.tune(checkpoint={"on_outage": "continue"})
    arena.start()
    await signed_again(arena)
    await asyncio.to_thread(arena.vault.seal)
    arena.disaster(Disaster.VAULT_SEALED)
    try:
        await arena.until(lambda: arena.evidence.checkpoints(signed=False), "a checkpoint without a signature")
        await _events_go_on(arena)
    finally:
        await asyncio.to_thread(arena.vault.unseal)
    arena.fault("vault unsealed")
    await signed_again(arena)


async def signed_again(arena: Arena) -> None:
    """Wait for another signed checkpoint."""
    signed = arena.evidence.checkpoints(signed=True)
    await arena.until(lambda: arena.evidence.checkpoints(signed=True) > signed, "another signed checkpoint")


async def _events_go_on(arena: Arena) -> None:
    wrote = arena.evidence.writes()
    await arena.until(lambda: arena.evidence.writes() >= wrote + BATCHES, "events go on")
