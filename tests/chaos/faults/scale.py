"""Workers start and stop while records flow."""

import time

from tests.chaos.running.arena import Arena
from tests.chaos.running.points import Action, At, Point
from tests.chaos.running.supply import Pace
from tests.proxy import TcpProxy

STOPS_WITHIN_SECONDS = 5.0
"""Half of the grace: by then only batches of the worker still run."""
LEAVES_WITHIN_SECONDS = 40.0
"""The grace of 10 s, a commit timeout of 5 s, and extra time."""


async def scaled_out_and_in(arena: Arena) -> None:
    """Scale from one to three workers, then end two: SIGTERM and SIGKILL."""
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


async def told_to_leave_amid_a_rebalance(arena: Arena) -> None:
    """Send SIGTERM during a revocation, with batches in flight that finish within their grace.

    Then offsets must be committed while the consumer's thread, which waits for the revocation, no longer commits.
    """
    async with TcpProxy.before(arena.servers.environment["NEO4J_URI"]) as proxy:
        uri = f"bolt://{proxy.host}:{proxy.port}"
        leaving = arena.start(At(Point.AT_REVOCATION, 1, Action.TERMINATE), neo4j_uri=uri)
        leaving.meant_to_end = True
        await arena.until(lambda: arena.evidence.writes_of(leaving), "records flow")
        proxy.freeze()
        heir = arena.start()
        await arena.until(lambda: arena.evidence.has_struck(leaving, Point.AT_REVOCATION), "told to leave")
        told_at = time.monotonic()
        await arena.watch(lambda: leaving.exit_code is not None, STOPS_WITHIN_SECONDS)
        proxy.mend()
        await arena.until(lambda: leaving.exit_code is not None, "it has left")
        assert leaving.exit_code == 0, leaving.tail()
        assert time.monotonic() - told_at < LEAVES_WITHIN_SECONDS, leaving.tail(50)
    await arena.shared_out(heir)


async def nothing(arena: Arena) -> None:
    """Run two workers without a fault."""
    workers = arena.start(), arena.start()
    await arena.until(lambda: any(map(arena.evidence.writes_of, workers)), "records flow")


async def nothing_until_half_is_seen(arena: Arena) -> None:
    """Run two workers without a fault, until a reader sees half a transaction.

    In steps, so that there are many transactions: two or three may pass between two looks on a busy machine.
    """
    arena.supply.pace = Pace.STEPS
    await nothing(arena)
    await arena.watch(arena.evidence.halves, seconds=0.0)
