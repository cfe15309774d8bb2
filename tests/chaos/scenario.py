"""The shape of every scenario: a stream on its way while something goes wrong, and then what shows what it left."""

from collections.abc import Awaitable, Callable

from tests.chaos.running.arena import Arena

Fault = Callable[[Arena], Awaitable[None]]
"""Starts the workers that it needs, does its worst, and returns when it is over."""


async def play(arena: Arena, fault: Fault, *, acts: int = 3) -> None:
    """Let the fault happen to a running stream; wait until all is delivered; go on with a fresh worker.

    The fresh worker reads every state from the graph and folds the rest of the stream into them: a state that has
    lost or doubled something shows it only then. ``acts`` ends the play after the first or second of these.
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
