"""What a rebuild reads, worker by worker, and what it cannot bring back."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.config.worker_options import WorkerOptions
from workers.core.errors import Misconfigured
from workers.ops.graph_check.watermarks import PartitionMark, marks_of
from workers.ops.rebuild.chains import obstacle, published
from workers.ops.rebuild.target import require_another, require_fillable
from workers.pipelines.audit.options import AuditOptions
from workers.pipelines.fleet import FLEET

RESNAPSHOT = (
    'first run `memory-graph registry resnapshot --execute --why "a new graph"`: models, so that calls get prices'
)
OLDER = {"registry": RESNAPSHOT}
ONLY_A_BACKUP = "what came of them is only in a backup: memory-graph graph restore"


class WorkerPlan(NamedTuple):
    """One worker. ``obstacle`` says why it cannot be rebuilt, and what to do."""

    worker: str
    marks: Sequence[PartitionMark]
    obstacle: str | None = None

    @property
    def records(self) -> int:
        """Return how many records are folded: those that the live group has committed."""
        return sum(mark.again for mark in self.marks)

    @property
    def later(self) -> int:
        """Return how many records the live group has not committed: its workers take them, sooner or later."""
        return sum(mark.lag - mark.again for mark in self.marks)

    @property
    def removed(self) -> int:
        """Return how many records retention has removed, which the new graph does not have."""
        return sum(max(0, mark.low - mark.next) for mark in self.marks)

    @property
    def advice(self) -> str | None:
        """Return what to do about records that were removed."""
        return OLDER.get(self.worker, ONLY_A_BACKUP) if self.removed else None


class Plan(NamedTuple):
    """``begun``: an earlier rebuild was interrupted, and goes on."""

    begun: bool
    workers: Sequence[WorkerPlan]


def chosen(topology: Topology, without: Sequence[str]) -> list[str]:
    """Return the workers in the order in which they are folded: prices and schemas before who looks them up.

    Raises ``Misconfigured`` for a name that is none, or where none is left.
    """
    if unknown := [name for name in without if name not in topology.workers]:
        raise Misconfigured(f"--without {unknown[0]}: name one of {', '.join(topology.workers)}")
    names = [name for name in FLEET if name in topology.workers and name not in without]
    if not names:
        raise Misconfigured("--without leaves no worker to rebuild: leave out fewer")
    specs = {name: FLEET[name].build(topology.workers[name], has_api=False) for name in names}
    return sorted(names, key=lambda name: specs[name].reference is not None)


async def planned(
    live: Settings, settings: Settings, topology: Topology, names: Sequence[str], graph: GraphConnection
) -> Plan:
    """Return what is to do, with ``settings`` of the new graph. Raises ``Misconfigured``, ``Unreachable``."""
    await require_another(live.neo4j, settings.neo4j, graph)
    workers = [await worker_plan(settings, topology.workers[name], name, graph) for name in names]
    ids = {mark.topic: mark.log.topic_id for each in workers for mark in each.marks if mark.log}
    return Plan(await require_fillable(settings.neo4j, graph, ids), workers)


async def worker_plan(settings: Settings, options: WorkerOptions, name: str, graph: GraphConnection) -> WorkerPlan:
    """Return what is to do for one worker. Raises ``Misconfigured``, ``Unreachable``."""
    marks = await marks_of(graph, settings.kafka, name, options.topic, options.group)
    if not isinstance(options, AuditOptions):
        return WorkerPlan(name, marks)
    known = await asyncio.to_thread(published, settings.kafka, options.topic)
    return WorkerPlan(name, marks, obstacle(options, marks, known))
