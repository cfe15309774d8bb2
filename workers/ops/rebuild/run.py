"""Fold round by round until the new graph has what the live fleet has, and show by ``verify`` that it does."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from math import inf
from signal import SIGINT, SIGTERM
from time import monotonic

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.errors import Fenced, Misconfigured, ProblemsFound, Unreachable
from workers.engine.deployment import Deployment
from workers.engine.process import stop_on_signals
from workers.ops.graph_check.context import Request
from workers.ops.graph_check.report import Report
from workers.ops.graph_check.run import verify
from workers.ops.graph_check.watermarks import PartitionMark, marks_of
from workers.ops.rebuild.chains import let_checkpoints_go_on
from workers.ops.rebuild.progress import Progress
from workers.ops.rebuild.sent_letters import RejectedHere, rejected_here
from workers.ops.rebuild.target import require_no_worker
from workers.ops.rebuild.worker import WorkerFold, opened
from workers.pipelines.audit.options import AuditOptions
from workers.pipelines.fleet import FLEET

STEADY_SECONDS = 10.0
"""A round that took less has brought the new graph within so many seconds of the live fleet."""
FOLLOW_SECONDS = 2.0


@dataclass(slots=True)
class Outcome:
    """What was done.

    ``records``, ``left_out``  folded by this process, and dead letters of the live fleet among them
    ``rejected``  records that today's rules reject, and that are no dead letters, by all processes of the rebuild
    ``report``    the comparison of the new graph with the topics
    """

    records: int = 0
    left_out: int = 0
    rejected: list[RejectedHere] = field(default_factory=list)
    report: Report | None = None

    @property
    def problems(self) -> int:
        """Return how many things a person must look at."""
        return len(self.rejected) + (sum(self.report.found.values()) if self.report else 0)


@dataclass
class Rebuild:
    """One rebuild into the graph of ``settings``; ``show`` gets how far it is."""

    settings: Settings
    topology: Topology
    names: Sequence[str]
    show: Callable[[str], None]

    async def run(self, graph: GraphConnection, caught_up: Callable[[], None] | None) -> Outcome:
        """Fold until the graph has caught up, then compare it.

        With ``caught_up``, called then, go on until SIGINT or SIGTERM, and fold and compare what came meanwhile.
        Raises ``ProblemsFound`` where workers take over, ``Misconfigured``, ``Unreachable``.
        """
        await self._migrate()
        self._folds: dict[str, WorkerFold] = {}
        self._progress = Progress(self.show)
        async with AsyncExitStack() as stack:
            with _taken_over(self.settings):
                while await self._attempt(stack, graph) > STEADY_SECONDS:
                    pass
                outcome = await self._compared(graph)
                if caught_up is None or outcome.problems:
                    return outcome
                caught_up()
                await self._follow(stack, graph)
                return await self._compared(graph)

    async def _follow(self, stack: AsyncExitStack, graph: GraphConnection) -> None:
        """Go on until a signal, then fold what is left; a second signal ends it at once."""
        loop = asyncio.get_running_loop()
        stopping: asyncio.Future[None] = loop.create_future()
        stop_on_signals(stopping)
        stopping.add_done_callback(lambda _: [loop.remove_signal_handler(each) for each in (SIGINT, SIGTERM)])
        while not stopping.done():
            await asyncio.wait({stopping}, timeout=FOLLOW_SECONDS)
            await self._attempt(stack, graph)
        await self._round(stack, graph)

    async def _attempt(self, stack: AsyncExitStack, graph: GraphConnection) -> float:
        """Fold a round; where a server does not answer, wait, and say so by an endless time."""
        try:
            return await self._round(stack, graph)
        except Unreachable as reason:
            self.show(f"waits: {reason}")
            await asyncio.sleep(FOLLOW_SECONDS)
            return inf

    async def _migrate(self) -> None:
        self.show("migrating the new graph")
        async with open_driver(self.settings.neo4j) as driver:
            await migrate(driver, self.settings.neo4j.database)

    async def _round(self, stack: AsyncExitStack, graph: GraphConnection) -> float:
        """Fold every worker up to what its group has committed by now; return how long that took, seconds."""
        started = monotonic()
        await require_no_worker(graph)
        for name in self.names:
            marks = await self._marks(name, graph)
            if any(mark.again for mark in marks):
                if name not in self._folds:  # only now: what it looks up is in the graph
                    deployment = Deployment(FLEET[name], self.settings, self.topology)
                    opening = opened(deployment, graph, self._progress.of(name).add)
                    self._folds[name] = await stack.enter_async_context(opening)
                    self._progress.of(name).health = self._folds[name].health
                await self._folds[name].fold(marks)
        return monotonic() - started

    async def _marks(self, name: str, graph: GraphConnection) -> list[PartitionMark]:
        options = self.topology.workers[name]
        marks = await marks_of(graph, self.settings.kafka, name, options.topic, options.group)
        for mark in marks:
            if mark.mark and mark.log and mark.mark.topic_id != mark.log.topic_id:
                raise Misconfigured(
                    f"the topic {mark.topic} was deleted and created again meanwhile: begin with an empty database"
                )
        self._progress.of(name).expect(sum(mark.again for mark in marks))
        return marks

    async def _compared(self, graph: GraphConnection) -> Outcome:
        audit = self.topology.workers.get("audit")
        if "audit" in self.names and isinstance(audit, AuditOptions):
            await let_checkpoints_go_on(self.settings.kafka, graph, audit)
        report = await verify(self.settings, apart(self.topology, self.names), Request(), self.show)
        left_out = sum(fold.not_sent.left_out for fold in self._folds.values())
        return Outcome(self._progress.done, left_out, await rejected_here(graph), report)


def apart(topology: Topology, names: Sequence[str]) -> Topology:
    """Return the topology of these workers, without their live groups: what those commit meanwhile is no difference."""
    workers = {name: topology.workers[name] for name in names}
    apart = {name: each.model_copy(update={"group": f"{each.group}-rebuild"}) for name, each in workers.items()}
    return topology.model_copy(update={"workers": apart})


@contextmanager
def _taken_over(settings: Settings) -> Iterator[None]:
    try:
        yield
    except Fenced as reason:
        raise ProblemsFound(
            f"workers have begun with {settings.neo4j.uri} ({reason}): the rebuild ends, and they go on after it"
        ) from reason
