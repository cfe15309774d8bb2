"""Workers come and go while records flow."""

import time

from tests.chaos.arena import Arena


async def scaled_out_and_in(arena: Arena) -> None:
    """One, three, then two of them are told to leave, one politely and one not."""
    arena.supply.slow = True
    first = arena.start()
    await arena.until(lambda: arena.evidence.claims_of(first), "the first has partitions")
    second, third = arena.start(), arena.start()
    arena.fault("scaled out", pids=[second.pid, third.pid])
    await arena.until(
        lambda: arena.evidence.claims_of(second) and arena.evidence.claims_of(third), "the others have partitions"
    )
    arena.supply.slow = False
    second.terminate()
    arena.fault("terminated", pid=second.pid)
    await arena.until(lambda: second.exit_code is not None, "the second has drained")
    killed_at = time.monotonic()
    third.kill()
    arena.fault("killed", pid=third.pid)
    await arena.until(lambda: arena.evidence.claims_of(first, killed_at), "the first has partitions of the killed one")


async def undisturbed(arena: Arena) -> None:
    """Two workers, and nothing goes wrong."""
    workers = arena.start(), arena.start()
    await arena.until(lambda: any(map(arena.evidence.writes_of, workers)), "records flow")
