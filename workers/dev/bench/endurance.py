"""Endurance: a steady rate with spikes, then a check that nothing is missing."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workers.adapters.kafka.keyed_producer import KeyedProducer
from workers.dev.bench.contestants import Ours
from workers.dev.bench.field import Field
from workers.dev.bench.ground import Ground
from workers.dev.bench.measure.arrivals import Arrivals
from workers.dev.bench.measure.figures import slope
from workers.dev.bench.records import MIX, BenchRecord, RecordSet, encode, sampled
from workers.dev.bench.running import Running, running
from workers.dev.sample.records.sampled import Sampled

PARTITIONS = 4
STATE = {"max_entries": 20_000}
"""Two minutes' worth of traces. The state is full before memory is measured, so it does not add to the slope."""
SPIKE_EVERY_SECONDS = 120.0
SPIKE_SECONDS = 10.0
TICK_SECONDS = 0.05
WARM_UP_SECONDS = 150.0
"""The memory slope begins here: after start, first spike, and growth of the state."""
CAUGHT_UP = 0.5
"""Less lag than this, in seconds of the steady rate, counts as zero."""
CATCH_UP_SECONDS = 300.0


@dataclass(slots=True)
class Spike:
    """Records sent as fast as possible. ``lag`` is the highest; ``caught_up_seconds`` counts from the spike's end."""

    at_seconds: float
    records: int
    lag: int = 0
    caught_up_seconds: float | None = None


@dataclass(slots=True)
class Endurance:
    """The result. ``memory`` holds (seconds, MiB) of the worker; the slope leaves the warm-up out."""

    minutes: float
    rate: float
    records: int = 0
    traces: int = 0
    spikes: list[Spike] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    memory_slope_mib_per_minute: float = 0.0
    cpu_us: float = 0.0
    differences: dict[str, int] = field(default_factory=dict)


async def endure(ground: Ground, minutes: float, rate: float, seed: int) -> Endurance:
    """Run our worker for ``minutes``. Raises ``ProblemsFound`` when it fails or never catches up."""
    topic = f"{ground.run}-endurance"
    await ground.make_topic(topic, PARTITIONS)
    records = RecordSet(MIX)
    try:
        async with running(
            Ours(1, {"state": STATE})(ground, Field(records, topic, PARTITIONS, {}, ground.folder), topic),
            ground.folder,
            topic,
        ) as worker:
            run = Run(ground, topic, worker, records, Endurance(minutes, rate))
            return await run.all(seed)
    finally:
        await ground.graph.clear(records.nodes, ground.watermarks(topic))


class Run:
    """One run; ``records`` keeps only counts and keys, not the records."""

    def __init__(self, ground: Ground, topic: str, worker: Running, records: RecordSet, result: Endurance) -> None:
        self._ground = ground
        self._topic = topic
        self._worker = worker
        self._records = records
        self._result = result
        self._arrivals = Arrivals()
        self._producer = KeyedProducer(ground.settings.kafka, topic)
        self._started = time.monotonic()

    async def all(self, seed: int) -> Endurance:
        """Send, watch, compare."""
        result = self._result
        plenty = int(result.rate * result.minutes * 60 * 4) + 10_000
        source = sampled(MIX, plenty, seed)
        watching = asyncio.ensure_future(self._watch())
        try:
            await self._send(source)
            await self._caught_up()
        finally:
            watching.cancel()
        await self._compare()
        warm = [point for point in result.memory if point[0] >= WARM_UP_SECONDS] or result.memory
        result.memory_slope_mib_per_minute = slope([(seconds / 60, mib) for seconds, mib in warm])
        result.cpu_us = self._worker.look()[0] * 1e6 / max(1, result.records)
        result.traces = self._records.tally.roots
        return result

    async def _send(self, source: Iterator[Sampled]) -> None:
        """Send at the rate, tick by tick; every two minutes send a spike."""
        result, seconds = self._result, self._result.minutes * 60
        next_spike = SPIKE_EVERY_SECONDS
        steady = 0
        while (now := time.monotonic() - self._started) < seconds:
            if now >= next_spike and now + SPIKE_SECONDS < seconds:
                await self._spike(source, now)
                next_spike += SPIKE_EVERY_SECONDS
                steady = int((time.monotonic() - self._started) * result.rate)
            due = int((time.monotonic() - self._started) * result.rate)
            await self._produce(source, due - steady)
            steady = due
            await asyncio.sleep(TICK_SECONDS)

    async def _spike(self, source: Iterator[Sampled], at: float) -> None:
        spike = Spike(at, 0)
        self._result.spikes.append(spike)
        until = time.monotonic() + SPIKE_SECONDS
        while time.monotonic() < until:
            await self._produce(source, 200)
            spike.records += 200
            await asyncio.sleep(0)

    async def _produce(self, source: Iterator[Sampled], count: int) -> None:
        for _ in range(count):
            each = next(source)
            self._records.tally.count(each)
            self._records.nodes.note(each)
            record: BenchRecord = await encode(each, self._ground.subject_topic, self._ground.encoder)
            self._producer.produce(record.key, record.value, record.headers, self._arrivals.sent)
            self._result.records += 1

    async def _watch(self) -> None:
        """Read the watermarks ten times a second, the memory once a second."""
        prefix = self._ground.watermarks(self._topic)
        looks = 0
        while True:
            self._worker.check()
            self._producer.poll()
            self._arrivals.see(await self._ground.graph.watermarks(prefix))
            self._note_spikes(time.monotonic() - self._started)
            if looks % 10 == 0:
                self._result.memory.append((time.monotonic() - self._started, self._worker.look()[1]))
            looks += 1
            await asyncio.sleep(0.1)

    def _note_spikes(self, now: float) -> None:
        if not self._result.spikes:
            return
        spike, lag = self._result.spikes[-1], self._arrivals.pending
        if spike.caught_up_seconds is not None:
            return
        spike.lag = max(spike.lag, lag)
        if now > spike.at_seconds + SPIKE_SECONDS and lag < self._result.rate * CAUGHT_UP:
            spike.caught_up_seconds = now - spike.at_seconds - SPIKE_SECONDS

    async def _caught_up(self) -> None:
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while self._arrivals.seen < self._result.records:
            if time.monotonic() > deadline:
                raise self._worker.problem(f"{self._result.records - self._arrivals.seen:,} records are still missing")
            await asyncio.sleep(0.1)

    async def _compare(self) -> None:
        expected = self._records.expected
        found = await self._ground.graph.count(self._records.nodes)
        self._result.differences = {
            name: found[name] - count for name, count in expected.items() if found[name] != count
        }


def caught_up_all(spikes: Sequence[Spike]) -> bool:
    """Return whether the lag went back to zero after each spike."""
    return all(spike.caught_up_seconds is not None for spike in spikes)
