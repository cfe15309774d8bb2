"""SIGSTOP past the session timeout, then SIGCONT: the worker lost its partitions unknowingly."""

import time

from tests.chaos.running.arena import Arena
from tests.chaos.running.points import Action, At, Point
from tests.chaos.running.supply import Pace
from tests.chaos.running.worker_process import WorkerProcess


async def zombie(arena: Arena, point: Point = Point.BEFORE_TRANSACTION) -> None:
    """Stop a worker within a batch; continue it after another took over.

    A write in flight at the stop ends without a message after SIGCONT; only writes begun after it count.
    """
    sleeper = arena.start(At(point, 2, Action.STOP))
    await arena.until(lambda: sleeper.is_stopped, f"stopped {point}")
    arena.fault("stopped", point=point, pid=sleeper.pid)
    await _taken_over(arena)
    arena.fault("continued", pid=sleeper.pid)
    awake = time.monotonic()
    sleeper.thaw()
    await arena.until(
        lambda: (
            sleeper.exit_code is not None
            or arena.evidence.assigned_to(sleeper, awake)
            or "fenced" in sleeper.log.read_text()
            or arena.evidence.writes_of(sleeper, begun_since=awake)
        ),
        "the zombie has been turned away, or not",
    )


async def zombie_with_a_checkpoint(arena: Arena) -> None:
    """Stop the audit worker between the signature of a checkpoint and its publication.

    Records come in steps: a stream that does not wait for the worker would be over before another has taken over.
    """
    arena.supply.pace = Pace.STEPS
    await zombie(arena, Point.BEFORE_CHECKPOINT)


async def zombie_alone(arena: Arena) -> None:
    """Stop a worker that has not yet committed what it has written; continue it once the next worker has left.

    Kafka takes commits without a member from anybody while a group has no member.
    """
    arena.supply.pace = Pace.STEPS
    sleeper = arena.start(At(Point.AFTER_ACKNOWLEDGEMENT, 1, Action.STOP))
    await arena.until(lambda: sleeper.is_stopped, "stopped")
    arena.fault("stopped", point=Point.AFTER_ACKNOWLEDGEMENT, pid=sleeper.pid)
    heir, left = await _taken_over(arena), arena.witness.watermarks

    def has_gone_on_everywhere() -> bool:
        now = arena.witness.watermarks
        return len(left) == len(now) and all(now[number].offset > mark.offset for number, mark in left.items())

    await arena.until(has_gone_on_everywhere, "the heir has gone on in every partition")
    await arena.leave(heir)
    arena.fault("continued", pid=sleeper.pid)
    awake = time.monotonic()
    sleeper.thaw()
    await arena.until(
        lambda: sleeper.exit_code is not None or arena.evidence.assigned_to(sleeper, awake), "it is back in its group"
    )


async def _taken_over(arena: Arena) -> WorkerProcess:
    """Return another worker that has claimed every partition and written batches."""
    heir = arena.start()
    everything = set(range(arena.corner.partitions))
    await arena.until(lambda: arena.evidence.claims_of(heir) == everything, "another has claimed every partition")
    wrote = arena.evidence.writes_of(heir)
    await arena.until(lambda: arena.evidence.writes_of(heir) > wrote, "the heir has gone on")
    return heir
