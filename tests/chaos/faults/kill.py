"""kill -9 at a named point of record processing."""

import signal
from collections.abc import Sequence

from tests.chaos.running.arena import Arena
from tests.chaos.running.points import Action, At, Point
from tests.chaos.running.supply import Pace
from tests.chaos.running.worker_process import WorkerProcess

COMMITTED_WITHIN_SECONDS = 3.0
OF_A_CHECKPOINT = (Point.BEFORE_CHECKPOINT, Point.AFTER_CHECKPOINT)
OF_A_RECORD = tuple(
    point
    for point in Point
    if point not in {Point.AT_REVOCATION, Point.AT_ASSIGNMENT, *OF_A_CHECKPOINT, Point.AFTER_OBJECT}
)
RARE = {Point.BEFORE_CLAIM, Point.AFTER_CLAIM, Point.BEFORE_DEAD_LETTERS, Point.AFTER_DEAD_LETTERS}
"""Not every batch passes here, so the first pass counts."""


async def killed_at(arena: Arena, point: Point) -> None:
    """Kill one of three workers at the point; the others take over."""
    arena.supply.pace = Pace.HELD
    doomed, *others = arena.start(At(point, 1 if point in RARE else 2)), arena.start(), arena.start()
    await arena.shared_out(doomed, *others)
    arena.supply.pace = Pace.STEPS
    await arena.until(lambda: doomed.exit_code is not None, f"killed {point}")
    assert doomed.exit_code == -signal.SIGKILL, doomed.tail()
    assert arena.evidence.has_struck(doomed, point)


async def killed_everywhere(arena: Arena) -> None:
    """Kill workers at every point: three run at a time, with replacements."""
    await killed_in_turn(arena, OF_A_RECORD, at_once=3)


async def killed_in_turn(arena: Arena, points: Sequence[Point], at_once: int) -> None:
    """Keep ``at_once`` workers to be killed running until every point has struck.

    The last of them are replaced only when all are dead: a healthy worker could process the rest of the stream.
    """
    left, doomed = list(points), list[WorkerProcess]()
    while left or doomed:
        while left and len(doomed) < at_once:
            doomed.append(arena.start(At(left.pop(0), 1)))
            doomed[-1].meant_to_end = True
        doomed.remove(await _first_killed(arena, doomed))


async def _first_killed(arena: Arena, doomed: Sequence[WorkerProcess]) -> WorkerProcess:
    """Send records once each of them has partitions: one could process all while another still starts."""

    def killed() -> list[WorkerProcess]:
        return [each for each in doomed if each.exit_code is not None]

    arena.supply.pace = Pace.HELD
    await arena.until(lambda: killed() or arena.is_shared_out(*doomed), f"partitions for {len(doomed)}")
    arena.supply.pace = Pace.STEPS
    await arena.until(killed, f"one of {len(doomed)} killed")
    dead = killed()[0]
    assert dead.exit_code == -signal.SIGKILL, dead.tail()
    return dead


async def a_bug_raises(arena: Arena) -> None:
    """Raise an unexpected exception in a write: the process must end and acknowledge nothing."""
    worker = arena.start(At(Point.BEFORE_TRANSACTION, 2, Action.RAISE_ON))
    await arena.until(lambda: arena.evidence.has_struck(worker, Point.BEFORE_TRANSACTION), "a bug has raised")
    await arena.watch(arena.is_committed_ahead, COMMITTED_WITHIN_SECONDS)
