"""One round of one contestant: a new group, a clean graph, the same records."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from workers.dev.bench.contestants import Contestant
from workers.dev.bench.field import Field
from workers.dev.bench.ground import AUDIT, Ground
from workers.dev.bench.measure.machine import Servers
from workers.dev.bench.measure.watch import SEEN, SEEN_OF_AUDIT, Look, Watch
from workers.dev.bench.running import Running, running

LOOK_EVERY_SECONDS = 0.1
"""A look takes about 3 ms of both cores; a round takes many seconds."""
STUCK_SECONDS = 90.0
"""Seconds without progress after which the round fails."""
SETTLE_SECONDS = 10.0
MICROSECONDS = 1e6


class Sample(NamedTuple):
    """The measurements of one look."""

    look: Look
    cpu_seconds: float
    database_seconds: float
    broker_seconds: float
    rss_mib: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One round, measured from the first to the last batch in the graph.

    CPU is user and system of the process (``cpu_us``), of the database (``database_us``, including the cost of our
    queries) and of the broker (``broker_us``), in microseconds an event. ``differences`` is what the graph lacked or
    had too much at the end.
    """

    events: int
    seconds: float
    events_per_second: float
    cpu_us: float
    database_us: float
    broker_us: float
    rss_mib: float
    differences: Mapping[str, int]


async def play(
    ground: Ground,
    field: Field,
    contestant: Contestant,
    group: str,
    seen: Callable[[Running, int, bool], None] | None = None,
) -> Measured:
    """Play one round: start, wait for the complete graph, stop, compare, clear.

    ``seen`` is called at each look: with the processes, the number of visible events, and whether these are all.
    Raises ``ProblemsFound`` when a process fails or makes no progress.
    """
    watch = Watch(ground.graph, field.checkpoints, SEEN_OF_AUDIT if ground.worker == AUDIT else SEEN)
    try:
        async with running(contestant.starts(ground, field, group), ground.folder, group) as processes:
            samples = await follow(watch, processes, ground.servers, seen)
            differences = await differing(ground, field, contestant)
    finally:
        await ground.graph.clear(field.records.nodes, ground.watermarks(field.topic))
    return figures(samples, differences)


def figures(samples: list[Sample], differences: Mapping[str, int]) -> Measured:
    """Compute the figures between the first events seen and the last."""
    first, last = samples[0], samples[-1]
    events, seconds = last.look.events - first.look.events, last.look.at - first.look.at
    each = MICROSECONDS / events if events else 0.0
    return Measured(
        events=events,
        seconds=seconds,
        events_per_second=events / seconds if seconds else 0.0,
        cpu_us=(last.cpu_seconds - first.cpu_seconds) * each,
        database_us=(last.database_seconds - first.database_seconds) * each,
        broker_us=(last.broker_seconds - first.broker_seconds) * each,
        rss_mib=max(sample.rss_mib for sample in samples),
        differences=differences,
    )


async def follow(
    watch: Watch,
    processes: Running,
    servers: Servers,
    seen: Callable[[Running, int, bool], None] | None = None,
) -> list[Sample]:
    """Look until the graph is complete; return the samples since the first event. Raises ``ProblemsFound``."""
    samples: list[Sample] = []
    progressed, events = time.monotonic(), 0
    while not watch.done:
        processes.check()
        look = await watch.look()
        if look.events:
            cpu, rss_mib = processes.look()
            samples.append(Sample(look, cpu, *servers.cpu_seconds(), rss_mib))
        if seen is not None:
            seen(processes, look.events, watch.done)
        if look.events > events:
            progressed, events = look.at, look.events
        if look.at - progressed > STUCK_SECONDS:
            raise processes.problem(f"no record reached the graph for {STUCK_SECONDS:.0f} s, {events:,} had before")
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return samples


async def differing(ground: Ground, field: Field, contestant: Contestant) -> dict[str, int]:
    """Count what is missing (negative) or too much, after waiting for the last batches."""
    expected = field.records.expected
    names = expected.keys() if contestant.draws is None else expected.keys() & contestant.draws
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = await ground.graph.count(field.records.nodes)
        differences = {name: found[name] - expected[name] for name in sorted(names) if found[name] != expected[name]}
        if not differences or time.monotonic() > deadline:
            return differences
        await asyncio.sleep(0.5)
