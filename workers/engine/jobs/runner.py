"""Procedures beside the partitions: asked what is due every so often, and their steps done, one after the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from workers.config.tuning import Retry as RetryTuning
from workers.core.clock import Clock
from workers.core.errors import Refused, RequestRejected, Retryable
from workers.core.job import Effect, FetchSchema, PeriodicJob
from workers.core.reference import Query
from workers.engine.jobs.backoff import Backoff, Work
from workers.engine.resilience.retry import backoff_seconds
from workers.observe.metrics import Metrics

log = structlog.get_logger(__name__)

LEAD_SECONDS = 1.0
"""How soon a process learns that it holds the first partition, and has the procedures to run."""
DRAIN_SECONDS = 5.0
"""For the step under way at the end; a step given up is found due by whoever comes next."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """What procedures are run with. ``leads`` tells whether it is this process that runs them."""

    ask: Callable[[Query], Awaitable[Sequence[Mapping[str, Any]]]]
    do: Callable[[Effect], Awaitable[None]]
    fetch_schema: Callable[[str, str], Awaitable[Mapping[str, Any]]]
    record: Callable[[Query], Awaitable[None]]
    leads: Callable[[], bool]
    policy: RetryTuning
    clock: Clock
    metrics: Metrics


@asynccontextmanager
async def kept_running(
    procedures: Sequence[PeriodicJob], means: JobContext, failed: Callable[[BaseException], None]
) -> AsyncIterator[None]:
    """Run procedures beside each other until the end, then let their steps under way get through.

    Servers that are away are waited for. ``failed`` is called with anything else that goes wrong: a bug.
    """
    runners = [Runner(procedure, means) for procedure in procedures]
    tasks = {asyncio.create_task(runner.run(), name=f"procedure {runner.name}") for runner in runners}
    for task in tasks:
        task.add_done_callback(lambda ended: _report(ended, failed))
    try:
        yield
    finally:
        for runner in runners:
            runner.stopping.set()
        await _drain(tasks)


async def _drain(tasks: set["asyncio.Task[None]"]) -> None:
    if not tasks:
        return
    _, unfinished = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
    for task in unfinished:
        task.cancel()
    if unfinished:
        await asyncio.wait(unfinished)


def _report(task: "asyncio.Task[None]", failed: Callable[[BaseException], None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        failed(error)


class Runner:
    """Runs one procedure: rounds of question and steps. A round ends at the first server that is away."""

    def __init__(self, procedure: PeriodicJob, means: JobContext) -> None:
        self.name = procedure.name
        self.stopping = asyncio.Event()
        self._procedure = procedure
        self._means = means
        self._put_off = Backoff()
        self._waits: Iterator[float] | None = None

    async def run(self) -> None:
        """Go on until ``stopping``; raises what is a bug."""
        while not self.stopping.is_set():
            await self._pause(await self._turn() if self._means.leads() else LEAD_SECONDS)

    async def _turn(self) -> float:
        """Do a round; return the seconds until the next one."""
        try:
            busy = await self._round()
        except Retryable as reason:
            return self._away(reason)
        if self._waits is not None:
            log.info("procedure goes on", procedure=self.name)
        self._waits = None
        return 0.0 if busy else self._procedure.every_seconds

    async def _round(self) -> bool:
        """Ask, and do what is due; tell whether more may be. Raises ``Retryable``."""
        now_ms = self._means.clock.now_ms()
        rows = await self._means.ask(self._procedure.question(now_ms))
        steps = self._put_off.due(list(self._procedure.steps(rows, now_ms)), self._means.clock.monotonic())
        progress = False
        for step in steps:
            if self.stopping.is_set() or not self._means.leads():
                return False
            progress |= await self._take(step) and step.record is not None
        self._put_off.settled()
        return progress

    async def _take(self, step: Work) -> bool:
        """Do one step; tell whether another may be asked for in its place. Raises ``Retryable``."""
        try:
            await self._do(step)
        except Retryable:
            self._put_off.failed(step)
            self._means.metrics.procedure_step(self.name, "retried")
            raise
        except (RequestRejected, Refused) as error:
            return await self._refused(step, error)
        self._put_off.done(step)
        self._means.metrics.procedure_step(self.name, "done")
        return True

    async def _do(self, step: Work) -> None:
        if isinstance(step, FetchSchema):
            found = await self._means.fetch_schema(step.schema_id, step.version)
            await self._means.record(step.record(found))
            return
        for effect in step.effects:
            await self._means.do(effect)
        if step.record is not None:
            await self._means.record(step.record)

    async def _refused(self, step: Work, error: Exception) -> bool:
        """Put the step off, in the graph where it can be; tell whether it will not be asked for again for a while."""
        self._means.metrics.procedure_step(self.name, "refused")
        log.error("step refused, others go on", procedure=self.name, reason=str(error))
        if step.refused is None:
            self._put_off.refused(step, self._means.clock.monotonic())
            return False
        await self._means.record(step.refused)
        return True

    def _away(self, reason: Retryable) -> float:
        """Say once that a server is away; return the seconds to wait, as it asks for or as is configured."""
        if self._waits is None:
            log.warning("procedure waits for a server", procedure=self.name, reason=str(reason))
            self._waits = backoff_seconds(self._means.policy)
        return max(next(self._waits), reason.after_seconds)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
