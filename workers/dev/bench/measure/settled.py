"""One round of several processes, measured after all have joined the group.

On a full topic the first process would start on all partitions before the second had joined, and the round would
measure the rebalance.
"""

from workers.dev.bench.contestants import Contestant
from workers.dev.bench.field import Field, checkpoints_in, produce
from workers.dev.bench.ground import Ground
from workers.dev.bench.measure.watch import Watch
from workers.dev.bench.records import RecordSet
from workers.dev.bench.round import Measured, differing, figures, follow
from workers.dev.bench.running import running

STARTED = "worker started"
"""Each of our processes logs this before it joins the group."""
QUIET_SECONDS = 6.0
"""Seconds without a log line, after which no process still joins, claims or recovers."""


async def play_settled(
    ground: Ground, records: RecordSet, partitions: int, contestant: Contestant, topic: str
) -> Measured:
    """Start the contestant; fill its topic once the group has settled; measure.

    Finally compares and clears the graph. Raises ``ProblemsFound`` when a process fails or makes no progress.
    """
    await ground.make_topic(topic, partitions)
    field = Field(records, topic, partitions, {}, ground.folder)
    try:
        async with running(contestant.starts(ground, field, topic), ground.folder, topic) as processes:
            await processes.until_quiet(STARTED, QUIET_SECONDS)
            watch = Watch(ground.graph, checkpoints_in(records, await produce(ground, topic, records)))
            samples = await follow(watch, processes, ground.servers)
            return figures(samples, await differing(ground, field, contestant))
    finally:
        await ground.graph.clear(records.nodes, ground.watermarks(topic))
