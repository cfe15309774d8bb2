"""How fast ``memory-graph audit verify --source topic`` computes the chains of a topic again."""

import json
import sys

from workers.core.errors import ProblemsFound
from workers.dev.bench.contestants import Ours, Start, worker_environment
from workers.dev.bench.field import fill
from workers.dev.bench.ground import Ground
from workers.dev.bench.measure.command import Command, run_command
from workers.dev.bench.measure.watch import SEEN_OF_AUDIT, Watch
from workers.dev.bench.records import VAULT, make
from workers.dev.bench.round import follow
from workers.dev.bench.running import running

PARTITIONS = 4
ROUNDS = 3


async def audit_verify(ground: Ground, events: int, seed: int) -> list[Command]:
    """Let the audit worker write so many events, then verify them; return one run of the command a round.

    Raises ``ProblemsFound`` where the worker or the command fails, or where a record was not verified.
    """
    field = await fill(ground, await make(VAULT, events, seed, ground.subject_topic, ground.encoder), PARTITIONS)
    try:
        watch = Watch(ground.graph, field.checkpoints, SEEN_OF_AUDIT)
        async with running(Ours(1)(ground, field, field.topic), ground.folder, field.topic) as processes:
            await follow(watch, processes, ground.servers)
        return [await _verify(ground, field.topic, len(field.records.records)) for _ in range(ROUNDS)]
    finally:
        await ground.graph.clear(field.records.nodes, ground.watermarks(field.topic))


async def _verify(ground: Ground, topic: str, events: int) -> Command:
    argv = [sys.executable, "-m", "workers.cli.main", "audit", "verify", "--source", "topic", "-o", "json"]
    printed = ground.folder / "verify.json"
    command = await run_command(
        ground.folder, Start(argv, worker_environment(ground, topic, topic, PARTITIONS)), printed
    )
    verified = sum(chain["records"] for chain in json.loads(printed.read_bytes())["chains"])
    if verified != events:
        raise ProblemsFound(f"audit verify has verified {verified:,} of {events:,} records")
    return command
