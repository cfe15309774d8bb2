"""Wait until no consumer group has lag."""

import asyncio
import time

from workers.adapters.kafka.lag import group_lag
from workers.config.settings import KafkaSettings
from workers.config.topology import Topology
from workers.core.errors import ProblemsFound
from workers.dev.demo.steps.fleet import Fleet

ZERO_LAG_SECONDS = 60.0
POLL_SECONDS = 0.3


async def caught_up(kafka: KafkaSettings, topology: Topology, fleet: Fleet) -> None:
    """Wait until every worker has committed all records. Raises ``ProblemsFound`` after a minute."""
    deadline = time.monotonic() + ZERO_LAG_SECONDS
    for worker in fleet.workers:
        tuning = topology.workers[worker.name]
        while behind := await _behind(kafka, tuning.group, tuning.topic):
            fleet.check()
            if time.monotonic() > deadline:
                raise ProblemsFound(f"{tuning.group} is still {behind:,} records behind on {tuning.topic}")
            await asyncio.sleep(POLL_SECONDS)


async def _behind(kafka: KafkaSettings, group: str, topic: str) -> int:
    lag = await asyncio.to_thread(group_lag, kafka, group, topic)
    return sum(partition.lag for partition in lag.values())
