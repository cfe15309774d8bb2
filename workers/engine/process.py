"""One worker in one process: run until SIGTERM, then drained."""

import asyncio
import gc
import signal
from contextlib import AsyncExitStack
from typing import Any

import structlog

from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.worker import WorkerSpec
from workers.engine.app import WorkerApp
from workers.engine.compose import Plan, compose
from workers.engine.consumer.thread import end_process, remains

log = structlog.get_logger(__name__)

GC_THRESHOLD = 100_000
"""Objects made and still alive before the collector looks: several batches' worth, where Python's default is 700."""


async def run_worker(spec: WorkerSpec[Any, Any], settings: Settings, topology: Topology) -> None:
    """Run until SIGTERM or SIGINT, then drain. Raises what ends the worker before: a bug, or a lost chunk.

    Raises ``Misconfigured`` and ``Unreachable`` at the start, when the topology does not fit the topic or a
    server is not there; later outages are waited out. Where Kafka does not let go of the consumer at the end, this
    ends the process itself, with 0 if it was told to go and 1 for a bug.
    """
    stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stop_on_signals(stopping)
    code = 1
    try:
        async with AsyncExitStack() as stack:
            app = await compose(stack, Plan.of(spec, settings, topology), lambda error: _fail(stopping, error))
            await _serve(app, spec.name, stopping)
        code = 0
    finally:
        if remains():
            message = "ending without Kafka's goodbye: everything is drained, others get the partitions later"
            log.warning(message, exc_info=code != 0)  # nobody else gets to tell of what ended it
            end_process(code)


async def _serve(app: WorkerApp, name: str, stopping: "asyncio.Future[None]") -> None:
    app.finalize()
    await app.start()
    spare_the_collector()
    log.info("worker started", worker=name)
    # mode names no public way to await a crash
    crashed: asyncio.Future[Any] = asyncio.ensure_future(app._crashed.wait())  # noqa: SLF001 - see above
    try:
        await asyncio.wait({stopping, crashed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        crashed.cancel()
        log.info("worker draining", worker=name)
        await app.stop()
    if not stopping.done():
        raise RuntimeError(f"Faust crashed: {app.crash_reason!r}") from app.crash_reason
    stopping.result()
    log.info("worker stopped", worker=name)


def spare_the_collector() -> None:
    """Let Python's garbage collector look at what batches make, and seldom: events make no reference cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)


def stop_on_signals(stopping: "asyncio.Future[None]") -> None:
    """Resolve ``stopping`` at SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not stopping.done():
            stopping.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _fail(stopping: "asyncio.Future[None]", error: BaseException) -> None:
    log.error("worker failed", exc_info=error)
    if not stopping.done():
        stopping.set_exception(error)
