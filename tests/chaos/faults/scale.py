"""Workers come and go while records flow."""

from tests.chaos.arena import Arena
from tests.chaos.supply import Pace


async def scaled_out_and_in(arena: Arena) -> None:
    """One, three, then two of them are told to leave, one politely and one not."""
    arena.supply.pace = Pace.TRICKLE
    first = arena.start()
    await arena.until(lambda: arena.evidence.writes_of(first), "records flow")
    second, third = arena.start(), arena.start()
    arena.fault("scaled out", pids=[second.pid, third.pid])
    await arena.shared_out(first, second, third)
    arena.supply.pace = Pace.FLOW
    second.terminate()
    arena.fault("terminated", pid=second.pid)
    await arena.until(lambda: second.exit_code is not None, "the second has drained")
    third.kill()
    arena.fault("killed", pid=third.pid)
    await arena.shared_out(first)


async def nothing(arena: Arena) -> None:
    """Two workers, and nothing goes wrong: no reader sees half a transaction."""
    workers = arena.start(), arena.start()
    await arena.until(lambda: any(map(arena.evidence.writes_of, workers)), "records flow")
    await arena.watch(arena.evidence.halves, seconds=0.0)
