"""The object store of the archive refuses or is full, or a worker ends between an object and its note in the graph."""

import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from tests.chaos.checking.checks_of_archive import objects_of
from tests.chaos.faults.graph import BATCHES
from tests.chaos.faults.kill import killed_in_turn
from tests.chaos.faults.vault import signed_again
from tests.chaos.running.arena import Arena
from tests.chaos.running.points import Point
from tests.chaos.running.supply import Pace
from tests.chaos.running.worker_process import WorkerProcess

RECORDS = 100
WAITS = "waits: the object store"
NOBODY_WRITES = Path("/sys/kernel")
"""Not even root makes a folder there."""
FULL_BYTES = 393_216
"""More than history and log of a worker have, less than an object of thirty events with long details."""
OFTEN = {"every_events": 40, "every_seconds": 1}
LARGE = {"every_events": 30, "every_seconds": 3_600}
"""Objects of thirty events, and no smaller ones, which would have room."""


async def store_read_only(arena: Arena) -> None:
    """Have the store refuse every object for a while."""
    worker = await _archiving(arena, OFTEN)
    kept = arena.corner.archive.with_name("kept")
    async with _frozen(arena, worker):
        arena.corner.archive.rename(kept)
        arena.corner.archive.symlink_to(NOBODY_WRITES)
    arena.fault("archive read-only")
    await _goes_on_without_the_store(arena, worker)
    async with _frozen(arena, worker):
        arena.corner.archive.unlink()
        kept.rename(arena.corner.archive)
    arena.fault("archive writable")
    await _another_object(arena)


async def store_full(arena: Arena) -> None:
    """Leave no room for an object for a while; later there are small objects again, too."""
    worker = await _archiving(arena, LARGE)
    process = psutil.Process(worker.pid)
    _, most = process.rlimit(resource.RLIMIT_FSIZE)
    assert arena.history.path.stat().st_size + worker.log.stat().st_size < FULL_BYTES / 2
    process.rlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, most))
    arena.fault("archive full")
    await _goes_on_without_the_store(arena, worker)
    process.rlimit(resource.RLIMIT_FSIZE, (most, most))
    arena.fault("archive has room")
    await _another_object(arena)
    arena.tune(archive=_options(arena, OFTEN))


async def killed_before_the_note(arena: Arena) -> None:
    """Kill two workers between an object and its note: the second finds the object of the first."""
    _tuned(arena, OFTEN)
    await killed_in_turn(arena, [Point.AFTER_OBJECT, Point.AFTER_OBJECT], at_once=1)
    _note_objects(arena)
    arena.start()
    await _another_object(arena)


async def killed_after_the_note(arena: Arena) -> None:
    """Kill a worker once the graph says that something is archived."""
    _tuned(arena, OFTEN)
    worker = arena.start()
    await arena.until(lambda: any(arena.witness.archived.values()), "the graph says that events are archived")
    worker.kill()
    arena.fault("killed", pid=worker.pid)


async def everything_archived(arena: Arena) -> None:
    """Wait until the archive has all that the graph has."""
    looks = arena.witness.looks
    await arena.until(
        lambda: arena.witness.looks > looks + 1 and arena.witness.archived == arena.witness.chains,
        "everything is archived",
    )


async def _archiving(arena: Arena, options: dict[str, int]) -> WorkerProcess:
    """Start a worker, and wait for its first object."""
    _tuned(arena, options)
    worker = arena.start()
    await _sent(arena)
    await arena.until(arena.evidence.objects, "the first object")
    _note_objects(arena)
    return worker


def _tuned(arena: Arena, options: dict[str, int]) -> None:
    arena.supply.pace = Pace.TRICKLE
    arena.tune(archive=_options(arena, options))


def _options(arena: Arena, options: dict[str, int]) -> dict[str, Any]:
    """Return the options of the archive. The stream's events are old, and stay in the graph."""
    return {"url": f"file://{arena.corner.archive}", "hot_days": 36_500, **options}


async def _sent(arena: Arena) -> None:
    """Send some records, and hold the others back: on a slow machine the stream would be over before the next step."""
    produced = arena.evidence.produced()
    arena.supply.pace = Pace.TRICKLE
    await arena.until(lambda: arena.evidence.produced() >= produced + RECORDS, "records are sent")
    arena.supply.pace = Pace.HELD


async def _another_object(arena: Arena) -> None:
    objects = arena.evidence.objects()
    await arena.until(lambda: arena.evidence.objects() > objects, "another object")


def _note_objects(arena: Arena) -> None:
    arena.history.note("objects", objects=objects_of(arena.corner.archive))


async def _goes_on_without_the_store(arena: Arena, worker: WorkerProcess) -> None:
    wrote = arena.evidence.writes()
    await _sent(arena)
    await arena.until(lambda: WAITS in worker.log.read_text(), "the archive waits")
    objects = arena.evidence.objects()
    await arena.until(lambda: arena.evidence.writes() >= wrote + BATCHES, "events go on")
    await signed_again(arena)
    assert arena.evidence.objects() == objects


@asynccontextmanager
async def _frozen(arena: Arena, worker: WorkerProcess) -> AsyncIterator[None]:
    """Stop the worker meanwhile: it never sees the archive between two states."""
    worker.freeze()
    await arena.until(lambda: worker.is_stopped, "the worker is stopped")
    try:
        yield
    finally:
        worker.thaw()
