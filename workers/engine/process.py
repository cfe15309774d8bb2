"""One worker in one process: run until SIGTERM, then drained."""

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import Any

import structlog

from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.worker import WorkerFactory
from workers.engine.app import WorkerApp
from workers.engine.compose import compose
from workers.engine.consumer.thread import end_process, remains
from workers.engine.deployment import Deployment, configure_garbage_collector

log = structlog.get_logger(__name__)


async def run_worker(factory: WorkerFactory[Any], settings: Settings, topology: Topology) -> None:
    """Run until SIGTERM or SIGINT, then drain. Raises an error that ends the worker earlier: a bug or a lost chunk.

    Raises ``Misconfigured`` and ``Unreachable`` at the start, when the topology does not match the topic or a server
    does not answer; later it waits for servers. If the consumer thread does not stop at the end, this function ends
    the process: with 0 after a signal, with 1 for a bug.
    """
    structlog.contextvars.bind_contextvars(worker=factory.name)  # several workers may log to one place
    stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stop_on_signals(stopping)
    code = 1
    try:
        async with AsyncExitStack() as stack:
            app = await compose(stack, Deployment(factory, settings, topology), lambda error: _fail(stopping, error))
            await _serve(app, factory.name, stopping)
        code = 0
    finally:
        if remains():
            message = (
                "the consumer cannot leave its group: all is drained, and the partitions move after the session timeout"
            )
            log.warning(message, exc_info=code != 0)  # this is the last chance to log the error
            end_process(code)


async def _serve(app: WorkerApp, name: str, stopping: "asyncio.Future[None]") -> None:
    app.finalize()
    await app.start()
    configure_garbage_collector()
    log.info("worker started", worker=name)
    # mode has no public way to await a crash
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
