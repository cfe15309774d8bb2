"""The runner of periodic jobs: query what is due, run the steps, one after the other, beside the partitions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from workers.config.takes_effect import Now
from workers.config.worker_options import Retry as RetryOptions
from workers.core.clock import Clock
from workers.core.errors import Refused, RequestRejected, Retryable
from workers.core.job import (
    AnyStep,
    DeadLettersStep,
    Effect,
    FetchStep,
    ObjectStep,
    PeriodicJob,
    Publish,
    PublishSigned,
    Step,
)
from workers.core.reference import Query
from workers.engine.jobs.backoff import Backoff
from workers.engine.resilience.retry import backoff_seconds
from workers.observe.metrics import Metrics
from workers.observe.tracing import Tracing

log = structlog.get_logger(__name__)

CHECK_SECONDS = 1.0
"""How soon a process notices that it has the first partition, and runs the jobs, or that a pause has another length."""
DRAIN_SECONDS = 5.0
"""Time for the current step at the end. A cancelled step is due again for the next process."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """What the jobs of ``worker`` run with. ``leads`` tells whether this process is the one that runs them.

    ``run`` returns what an effect has found out, as parameters for the ``record`` of its step.
    """

    worker: str
    ask: Callable[[Query], Awaitable[Sequence[Mapping[str, Any]]]]
    run: Callable[[Effect], Awaitable[Mapping[str, Any]]]
    fetch: Callable[[str], Awaitable[Mapping[str, Any]]]
    dead_letters: Callable[[str, int, int], Awaitable[tuple[Sequence[int], int]]]
    objects: Callable[[ObjectStep], Awaitable[Sequence[Query]]]
    record: Callable[[Query], Awaitable[None]]
    leads: Callable[[], bool]
    retry: Now[RetryOptions]
    clock: Clock
    metrics: Metrics
    tracing: Tracing


@asynccontextmanager
async def running_jobs(
    jobs: Now[Sequence[PeriodicJob]], context: JobContext, failed: Callable[[BaseException], None]
) -> AsyncIterator[None]:
    """Run jobs side by side until the end, then finish their current steps.

    Each round takes its job from ``jobs`` by its name, so a job may be replaced. They wait for servers that are away.
    ``failed`` is called with any other error: a bug.
    """
    runners = [Runner(job.name, jobs, context) for job in jobs()]
    tasks = {asyncio.create_task(runner.run(), name=f"job {runner.name}") for runner in runners}
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
    """Runs one job in rounds of query and steps. A round ends at the first server that is away."""

    def __init__(self, name: str, jobs: Now[Sequence[PeriodicJob]], context: JobContext) -> None:
        self.name = name
        self.stopping = asyncio.Event()
        self._jobs = jobs
        self._context = context
        self._backoff = Backoff()
        self._waits: Iterator[float] | None = None

    async def run(self) -> None:
        """Run until ``stopping`` is set. Raises what is a bug."""
        while not self.stopping.is_set():
            await self._pause(await self._run_round() if self._context.leads() else lambda: CHECK_SECONDS)

    def _job(self) -> PeriodicJob:
        return next(job for job in self._jobs() if job.name == self.name)

    async def _run_round(self) -> Now[float]:
        """Run one round; return the seconds until the next one, which may change meanwhile."""
        try:
            more = await self._round()
        except Retryable as reason:
            seconds = self._unreachable(reason)
            return lambda: seconds
        if self._waits is not None:
            log.info("job continues", job=self.name)
        self._waits = None
        return (lambda: 0.0) if more else (lambda: self._job().every_seconds)

    async def _round(self) -> bool:
        """Query and run what is due; tell whether more may be due. Raises ``Retryable``."""
        now_ms, job = self._context.clock.now_ms(), self._job()
        rows = await self._context.ask(job.query(now_ms))
        steps = self._backoff.due(list(job.steps(rows, now_ms)), self._context.clock.monotonic())
        progress = False
        for step in steps:
            if self.stopping.is_set() or not self._context.leads():
                return False
            progress |= await self._try(step) and step.record is not None
        self._backoff.round_done()
        return progress

    async def _try(self, step: AnyStep) -> bool:
        """Run one step; tell whether the next query will not return it again. Raises ``Retryable``."""
        try:
            with self._context.tracing.step(self._context.worker, self.name, _topic(step)):
                await self._run_step(step)
        except Retryable:
            self._backoff.failed(step)
            self._context.metrics.job_step(self.name, "retried")
            raise
        except (RequestRejected, Refused) as error:
            return await self._refused(step, error)
        self._backoff.done(step)
        self._context.metrics.job_step(self.name, "done")
        return True

    async def _run_step(self, step: AnyStep) -> None:
        if isinstance(step, FetchStep):
            await self._record(step.record(await self._context.fetch(step.path)))
            return
        if isinstance(step, DeadLettersStep):
            found = await self._context.dead_letters(step.topic, step.partition, step.begin)
            await self._record(step.record(*found))
            return
        if isinstance(step, ObjectStep):
            for query in await self._context.objects(step):
                await self._record(query)
            return
        learned: dict[str, Any] = {}
        for effect in step.effects:
            learned |= await self._context.run(effect)
        if step.record is not None:
            await self._record(step.record._replace(parameters={**step.record.parameters, **learned}))

    async def _record(self, query: Query) -> None:
        with self._context.metrics.graph_write("job", self._context.clock):
            await self._context.record(query)

    async def _refused(self, step: AnyStep, error: Exception) -> bool:
        """Postpone the step, in the graph where it has a query for that; tell whether it has."""
        self._context.metrics.job_step(self.name, "refused")
        log.error("step refused, the other steps continue", job=self.name, reason=str(error))
        if isinstance(step, DeadLettersStep) or step.refused is None:
            self._backoff.refused(step, self._context.clock.monotonic())
            return False
        await self._record(step.refused._replace(parameters={**step.refused.parameters, "refused_why": str(error)}))
        return True

    def _unreachable(self, reason: Retryable) -> float:
        """Log once that a server is away; return the seconds to wait: as configured, or as the server asks."""
        if self._waits is None:
            log.warning("job waits for a server", job=self.name, reason=str(reason))
            self._waits = backoff_seconds(self._context.retry)
        return max(next(self._waits), reason.after_seconds)

    async def _pause(self, seconds: Now[float]) -> None:
        time = asyncio.get_running_loop().time
        started = time()
        while (left := started + seconds() - time()) > 0 and not self.stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, CHECK_SECONDS)):
                    await self.stopping.wait()


def _topic(step: AnyStep) -> str | None:
    """Return the topic that a step publishes to first, if it does."""
    effects = step.effects if isinstance(step, Step) else ()
    return next((effect.topic for effect in effects if isinstance(effect, Publish | PublishSigned)), None)
