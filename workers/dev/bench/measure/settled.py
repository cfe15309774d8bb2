"""One round of several processes at their steady state: records come once all have joined and shared the partitions.

Where they found a full topic, the first would be at work on all of it before the second had joined, and what was
measured would be the rebalance.
"""

from workers.dev.bench.contestants import Contestant
from workers.dev.bench.field import Field, checkpoints_in, produce
from workers.dev.bench.ground import Ground
from workers.dev.bench.measure.watch import Watch
from workers.dev.bench.records import RecordSet
from workers.dev.bench.round import Measured, differing, figures, follow
from workers.dev.bench.running import running

STARTED = "worker started"
"""What each of our processes logs before it joins."""
QUIET_SECONDS = 6.0
"""Without a line in the log: nobody joins, claims or recovers any more."""


async def play_settled(
    ground: Ground, records: RecordSet, partitions: int, contestant: Contestant, topic: str
) -> Measured:
    """Start the contestant on an empty topic, fill that once the group has settled, watch, compare, clear.

    Raises ``ProblemsFound`` when it fails or gets nowhere.
    """
    await ground.make_topic(topic, partitions)
    field = Field(records, topic, partitions, {}, ground.folder)
    try:
        async with running(contestant.starts(ground, field, topic), ground.folder, topic) as processes:
            await processes.until_quiet(STARTED, QUIET_SECONDS)
            watch = Watch(ground.graph, checkpoints_in(records, await produce(ground, topic, records)))
            samples = await follow(watch, processes, ground.database)
            return figures(samples, await differing(ground, field, contestant))
    finally:
        await ground.graph.clear(records.nodes, ground.watermarks(topic))
