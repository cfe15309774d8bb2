"""Latency from produce to visible, at a send rate independent of the worker."""

import asyncio
import time
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from workers.adapters.kafka.keyed_producer import KeyedProducer
from workers.dev.bench.contestants import Ours
from workers.dev.bench.field import Field
from workers.dev.bench.ground import Ground
from workers.dev.bench.measure.arrivals import Arrivals
from workers.dev.bench.measure.figures import percentile
from workers.dev.bench.records import RecordSet
from workers.dev.bench.running import Running, running
from workers.dev.sample.pace import paced

PARTITIONS = 4
LOOK_EVERY_SECONDS = 0.025
"""Each look uses CPU of the worker and the servers; more looks would add delay."""
WARM_UP_SHARE = 0.25
"""Share of the records sent first, and not measured."""
DONE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from ``produce()`` until a query saw the record, at ``sent_per_second``.

    ``look_ms`` is the median time between two looks: each figure can be too high by that much.
    """

    records: int
    wanted_per_second: float
    sent_per_second: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    look_ms: float


async def latency(ground: Ground, records: RecordSet, rate: float) -> Latency:
    """Send all records at ``rate`` a second to our worker. Raises ``ProblemsFound``."""
    topic = f"{ground.run}-latency-{records.name}"
    await ground.make_topic(topic, PARTITIONS)
    field = Field(records, topic, PARTITIONS, {}, ground.folder)
    try:
        async with running(Ours(1)(ground, field, topic), ground.folder, topic) as worker:
            return await _measure(ground, field, worker, rate)
    finally:
        await ground.graph.clear(records.nodes, ground.watermarks(topic))


async def _measure(ground: Ground, field: Field, worker: Running, rate: float) -> Latency:
    records, arrivals = field.records.records, Arrivals()
    producer = KeyedProducer(ground.settings.kafka, field.topic)
    looks: list[float] = []

    async def look_until(total: int) -> None:
        deadline = time.monotonic() + total / rate + DONE_SECONDS
        while arrivals.seen < total:
            worker.check()
            watermarks = await ground.graph.watermarks(ground.watermarks(field.topic))
            looks.append(time.monotonic())
            producer.poll()  # first, so that a record whose confirmation waits here does not wait for another look
            arrivals.see(watermarks, looks[-1])
            if looks[-1] > deadline:
                raise worker.problem(f"{total - arrivals.seen:,} records did not reach the graph")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    first, warm = len(records) // 50 + 1, int(len(records) * WARM_UP_SHARE)
    for record in records[:first]:  # the worker is ready when these are there
        producer.produce(record.key, record.value, record.headers, arrivals.sent)
    await look_until(first)
    looking = asyncio.ensure_future(look_until(len(records)))
    started = time.monotonic()
    arrivals.keep_from = started + (warm - first) / rate
    async for record in paced(records[first:], rate):
        producer.produce(record.key, record.value, record.headers, arrivals.sent)
    seconds = time.monotonic() - started
    await looking
    waits = [wait * 1000 for _, wait in arrivals.seconds]
    return Latency(
        records=len(waits),
        wanted_per_second=rate,
        sent_per_second=(len(records) - first) / seconds,
        p50_ms=percentile(waits, 0.5),
        p90_ms=percentile(waits, 0.9),
        p99_ms=percentile(waits, 0.99),
        max_ms=max(waits),
        look_ms=1000 * median(later - earlier for earlier, later in pairwise(looks)),
    )
