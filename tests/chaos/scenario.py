"""The phases of every scenario: a stream with a fault, then a check."""

from collections.abc import Awaitable, Callable

from tests.chaos.running.arena import Arena

Fault = Callable[[Arena], Awaitable[None]]
"""Starts its workers, causes the fault, and returns when it is over."""


async def play(arena: Arena, fault: Fault, *, acts: int = 3) -> None:
    """Cause the fault in a running stream; deliver everything; continue with a new worker.

    The new worker reads every state from the graph and folds the rest of the stream into them: only then do lost or
    repeated records in a state become visible. ``acts`` ends the scenario after the first or second phase.
    """
    arena.supply.flow(lambda: sum(arena.witness.committed.values()))
    await fault(arena)
    await arena.supply.stop()
    if acts > 1:
        if not arena.living():
            arena.start()
        await arena.settle()
    if acts > 2:
        await arena.end_workers()
        arena.start()
        await arena.supply.send()
        await arena.settle()
