"""Faults of Kafka: restart, silence."""

import asyncio

from tests.chaos.running.arena import Arena
from tests.chaos.running.points import Action, At, Point
from tests.chaos.running.supply import Pace

SILENCE_SECONDS = 5.0
LONG_SILENCE_SECONDS = 25.0
"""Longer than the 20 s that Faust gives a step of its recovery."""
ABORTS = 3


async def broker_restarted(arena: Arena, *, politely: bool = False) -> None:
    """Restart Kafka while two workers process records."""
    workers = arena.start(), arena.start()
    await arena.until(lambda: any(map(arena.evidence.writes_of, workers)), "records flow")
    arena.fault("broker stopped" if politely else "broker killed")
    await asyncio.to_thread(arena.servers.stop if politely else arena.servers.kill, "kafka")
    committed = sum(arena.witness.committed.values())
    await asyncio.to_thread(arena.servers.start)
    arena.fault("broker is back")
    await arena.until(lambda: sum(arena.witness.committed.values()) > committed, "offsets are committed again")


async def broker_silent_at_dead_letters(arena: Arena) -> None:
    """Freeze the broker before a dead letter is sent, then kill the worker.

    Unconfirmed dead letters are lost with the worker, so the graph may not have moved past the record.
    """
    worker = arena.start(At(Point.BEFORE_DEAD_LETTERS, 1, Action.STOP))
    await arena.until(lambda: worker.is_stopped, "stopped before a dead letter")
    arena.servers.freeze("kafka")
    arena.fault("broker frozen")
    try:
        worker.thaw()
        # A write past the record, not any write: parts of a refused batch before the record may be written.
        await arena.watch(lambda: arena.evidence.has_written_past_its_first_dead_letter(worker), SILENCE_SECONDS)
        worker.kill()
        arena.fault("killed", pid=worker.pid)
    finally:
        arena.servers.thaw("kafka")
    arena.start()


async def broker_silent_at_an_assignment(arena: Arena) -> None:
    """The broker answers nothing from just after an assignment of partitions, for a long time."""
    worker = arena.start(At(Point.AT_ASSIGNMENT, 1, Action.STOP))
    await arena.until(lambda: worker.is_stopped, "stopped at the assignment")
    arena.servers.freeze("kafka")
    arena.fault("broker frozen", seconds=LONG_SILENCE_SECONDS)
    try:
        worker.thaw()
        await asyncio.sleep(LONG_SILENCE_SECONDS)
    finally:
        arena.servers.thaw("kafka")
    arena.fault("broker is back")


async def transactions_aborted(arena: Arena) -> None:
    """Another producer sends copies of good records in transactions, and aborts each of them."""
    arena.supply.pace = Pace.TRICKLE
    workers = arena.start(), arena.start()
    await arena.until(lambda: all(map(arena.evidence.writes_of, workers)), "records flow")
    for number in range(ABORTS):
        await asyncio.to_thread(arena.supply.abort_copies)
        arena.fault("transaction aborted", number=number)
        wrote = arena.evidence.writes()
        await arena.until(lambda wrote=wrote: arena.evidence.writes() > wrote, "records flow again")  # type: ignore[misc]  # a default that binds the loop's value
    await arena.supply.stop()
    await arena.supply.send(0.5)  # the log ends with records, not with the marker of an aborted transaction
