"""One round of one contestant: a fresh group, a clean graph, the same records."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]  # it ships no types

from workers.dev.bench.contestants import Contestant
from workers.dev.bench.field import Field
from workers.dev.bench.ground import Ground
from workers.dev.bench.measure.machine import cpu_seconds
from workers.dev.bench.measure.watch import Look, Watch
from workers.dev.bench.running import Running, running

LOOK_EVERY_SECONDS = 0.1
"""A look costs both cores some 3 ms, which would come off what the contestants have; a round takes many seconds."""
STUCK_SECONDS = 90.0
"""So long without any progress means that something is wrong."""
SETTLE_SECONDS = 10.0
MICROSECONDS = 1e6


class Sample(NamedTuple):
    """What was seen at one look."""

    look: Look
    cpu_seconds: float
    database_seconds: float
    rss_mib: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One round, from the first batch seen in the graph to the last: the start of the process is no part of it.

    CPU is user and system of the process (``cpu_us``) and of the database (``database_us``, with what our looking
    costs it), in microseconds an event. ``differences`` is what the graph lacked or had too much in the end.
    """

    events: int
    seconds: float
    events_per_second: float
    cpu_us: float
    database_us: float
    rss_mib: float
    differences: Mapping[str, int]


async def play(
    ground: Ground,
    field: Field,
    contestant: Contestant,
    group: str,
    seen: Callable[[Running, int, bool], None] | None = None,
) -> Measured:
    """Start the contestant, watch until everything is in the graph, stop it, compare, and clear the graph.

    ``seen`` is called at each look: with the processes, how many events are visible, and whether that is all.
    Raises ``ProblemsFound`` when it fails or gets nowhere.
    """
    watch = Watch(ground.graph, field.checkpoints)
    try:
        async with running(contestant.starts(ground, field, group), ground.folder, group) as processes:
            samples = await follow(watch, processes, ground.database, seen)
            differences = await differing(ground, field, contestant)
    finally:
        await ground.graph.clear(field.records.nodes, ground.watermarks(field.topic))
    return figures(samples, differences)


def figures(samples: list[Sample], differences: Mapping[str, int]) -> Measured:
    """Make figures of what was seen between the first events and the last."""
    first, last = samples[0], samples[-1]
    events, seconds = last.look.events - first.look.events, last.look.at - first.look.at
    each = MICROSECONDS / events if events else 0.0
    return Measured(
        events=events,
        seconds=seconds,
        events_per_second=events / seconds if seconds else 0.0,
        cpu_us=(last.cpu_seconds - first.cpu_seconds) * each,
        database_us=(last.database_seconds - first.database_seconds) * each,
        rss_mib=max(sample.rss_mib for sample in samples),
        differences=differences,
    )


async def follow(
    watch: Watch,
    processes: Running,
    database: psutil.Process | None,
    seen: Callable[[Running, int, bool], None] | None = None,
) -> list[Sample]:
    """Look until everything is there; give what was seen from the first event on. Raises ``ProblemsFound``."""
    samples: list[Sample] = []
    progressed, events = time.monotonic(), 0
    while not watch.done:
        processes.check()
        look = await watch.look()
        if look.events:
            used = cpu_seconds(database) if database else 0.0
            cpu, rss_mib = processes.look()
            samples.append(Sample(look, cpu, used, rss_mib))
        if seen is not None:
            seen(processes, look.events, watch.done)
        if look.events > events:
            progressed, events = look.at, look.events
        if look.at - progressed > STUCK_SECONDS:
            raise processes.problem(f"no record reached the graph for {STUCK_SECONDS:.0f} s, {events:,} had before")
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return samples


async def differing(ground: Ground, field: Field, contestant: Contestant) -> dict[str, int]:
    """Count what is missing (negative) or too much, once the last batches have had their time."""
    expected = field.records.expected
    names = expected.keys() if contestant.draws is None else expected.keys() & contestant.draws
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = await ground.graph.count(field.records.nodes)
        differences = {name: found[name] - expected[name] for name in sorted(names) if found[name] != expected[name]}
        if not differences or time.monotonic() > deadline:
            return differences
        await asyncio.sleep(0.5)
