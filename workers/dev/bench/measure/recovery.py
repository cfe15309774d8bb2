"""How soon a process writes: after its start, and after another process has joined its group."""

import asyncio
import time
from dataclasses import dataclass
from itertools import cycle, islice

from workers.core.errors import ProblemsFound
from workers.dev.bench.contestants import Ours
from workers.dev.bench.field import Field, checkpoints_in, produce
from workers.dev.bench.ground import Ground
from workers.dev.bench.measure.watch import Watch
from workers.dev.bench.records import COMPLETE, RecordSet, make
from workers.dev.bench.round import follow
from workers.dev.bench.running import running

PARTITIONS = 4
LOOK_EVERY_SECONDS = 0.02
AGAIN = 4_000
"""Records that are sent again: their states are in the graph, and not in the memory of a new process."""
JOIN_SECONDS = 30.0
STUCK_SECONDS = 120.0
PORTION, PORTION_SECONDS = 40, 0.1
"""Records sent at a time while the second process joins: every partition has something to write at each look."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds, with so many traces in the graph.

    ``start``      from the start of a process until it has written in every partition
    ``rebalance``  the longest time in which a partition was not written while a second process joined the group
    """

    traces: int
    start: float
    rebalance: float


async def recovery(ground: Ground, traces: int, seed: int) -> Recovery:
    """Fill the graph, then start a new process, then another. Raises ``ProblemsFound`` when one gets nowhere."""
    topic = f"{ground.run}-recovery"
    await ground.make_topic(topic, PARTITIONS)
    records = await make(COMPLETE, traces, seed, ground.subject_topic, ground.encoder)
    field = Field(records, topic, PARTITIONS, {}, ground.folder)
    try:
        await _fill(ground, field)
        again = RecordSet(COMPLETE, records.records[:AGAIN])
        before = await ground.graph.watermarks(ground.watermarks(topic))
        await produce(ground, topic, again)
        started = time.monotonic()
        async with running(Ours(1)(ground, field, topic), ground.folder, f"{topic}-first"):
            await _until_all_moved(ground, topic, before)
            seconds = time.monotonic() - started
            return Recovery(traces, seconds, await _longest_gap(ground, field, again))
    finally:
        await ground.graph.clear(records.nodes, ground.watermarks(topic))


async def _fill(ground: Ground, field: Field) -> None:
    """Let a worker write all records, and end."""
    watch = Watch(ground.graph, checkpoints_in(field.records, await produce(ground, field.topic, field.records)))
    async with running(Ours(1)(ground, field, field.topic), ground.folder, f"{field.topic}-fill") as processes:
        await follow(watch, processes, ground.servers)


async def _until_all_moved(ground: Ground, topic: str, before: dict[int, int]) -> None:
    deadline = time.monotonic() + STUCK_SECONDS
    while True:
        now = await ground.graph.watermarks(ground.watermarks(topic))
        if all(now[partition] > offset for partition, offset in before.items()):
            return
        if time.monotonic() > deadline:
            raise ProblemsFound(f"a new process has not written in every partition within {STUCK_SECONDS:.0f} s")
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _longest_gap(ground: Ground, field: Field, again: RecordSet) -> float:
    """Start a second process while records come; return the longest time without a write in any partition."""
    sending = asyncio.create_task(_keep_sending(ground, field.topic, again))
    gaps, seen = dict.fromkeys(range(PARTITIONS), 0.0), dict[int, tuple[int, float]]()
    try:
        async with running(Ours(1)(ground, field, field.topic), ground.folder, f"{field.topic}-second"):
            until = time.monotonic() + JOIN_SECONDS
            while (now := time.monotonic()) < until:
                for partition, offset in (await ground.graph.watermarks(ground.watermarks(field.topic))).items():
                    last, at = seen.get(partition, (offset, now))
                    gaps[partition] = max(gaps[partition], now - at)
                    if offset != last or partition not in seen:
                        seen[partition] = offset, now
                await asyncio.sleep(LOOK_EVERY_SECONDS)
    finally:
        sending.cancel()
        await asyncio.wait({sending})
    return max(gaps.values())


async def _keep_sending(ground: Ground, topic: str, again: RecordSet) -> None:
    records = cycle(again.records)
    while True:
        await produce(ground, topic, RecordSet(COMPLETE, list(islice(records, PORTION))))
        await asyncio.sleep(PORTION_SECONDS)
