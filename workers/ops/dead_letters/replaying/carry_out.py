"""Plan or execute a replay with all that it needs: the worker's own code, the repair, and who does it."""

import os
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.sole_member import sole_member
from workers.config.settings import KafkaSettings, Settings
from workers.config.topology import Topology
from workers.core.errors import Misconfigured
from workers.ops.dead_letters.audit import REPLAY_STARTED, REPLAYED, AuditTrail, audit_trail
from workers.ops.dead_letters.dry_run import DryRun, dry_run
from workers.ops.dead_letters.journal import Who
from workers.ops.dead_letters.replaying.repair import Patch, Repair
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.replay_tally import Tally
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict


@dataclass(frozen=True, slots=True)
class Order:
    """How letters are sent back. Without ``who`` a replay is only planned.

    ``patches``       change values on the way, one after the other
    ``rate``          at most so many records a second
    ``even_failing``  send also what the worker would reject again
    """

    patches: Sequence[Patch] = ()
    who: Who | None = None
    rate: float | None = None
    even_failing: bool = False


def rules_of(kafka: KafkaSettings, topics: Iterable[str], max_replays: int = 3, target: str = "") -> Rules:
    """Return the rules, with the partitions that the topics have now. Raises ``Misconfigured``, ``Unreachable``."""
    partitions = Admin(kafka).topics()
    return Rules({name: partitions.get(name, 0) for name in topics}, max_replays, target)


async def carry_out(
    settings: Settings, topology: Topology, replay: Replay, order: Order, progress: Callable[[Tally], None]
) -> Tally:
    """Return what was sent, or what would be. Raises ``Misconfigured``, ``ProblemsFound``, ``Unreachable``."""
    source = replay.dead_letters.source
    strict = any(each.order == "strict" for each in topology.workers.values() if each.topic == source)
    async with dry_run(settings, topology, source) as trial:
        repair = _repair(trial, order.patches, replay.dead_letters.topic)
        replay = replace(replay, dry_run=None if order.even_failing else trial, repair=repair, strict=strict)
        if order.who is None:
            return await replay.plan()
        async with audit_trail(settings, topology) as trail:
            return await _executed(replay, order.who, order.rate, trail, progress)


async def _executed(
    replay: Replay, who: Who, rate: float | None, trail: AuditTrail, progress: Callable[[Tally], None]
) -> Tally:
    """Execute as the only one, between two audit events: the first is in the first transaction."""
    kafka, topic = replay.dead_letters.kafka, replay.dead_letters.topic
    details = {"topic": topic, **replay.selection.described()}
    name = f"{who.by}@{socket.gethostname()} (pid {os.getpid()}, replay {who.replay_id})"
    with sole_member(kafka, f"memory-graph-dlq.{topic}", topic, name):
        replay = replace(replay, opening=await trail.event(REPLAY_STARTED, who, details))
        tally = await replay.execute(who, rate, progress)
    await trail.leave(REPLAYED, who, {**details, "sent": str(tally.count(Verdict.SEND))})
    return tally


def _repair(trial: DryRun | None, patches: Sequence[Patch], topic: str) -> Repair | None:
    """Return what applies the patches. Raises ``Misconfigured`` where no schema says how to encode."""
    if not patches:
        return None
    if trial is None or trial.encoder is None:
        raise Misconfigured(
            f"values of {topic} cannot be repaired, only those of a worker with Avro schemas: "
            "leave out the fixes, or choose another topic"
        )
    return Repair(patches, trial.decoder, trial.encoder)
