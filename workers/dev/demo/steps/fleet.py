"""All workers, each in its own process, as in production."""

import asyncio
import os
import signal
import socket
import sys
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from workers.core.errors import ProblemsFound

READY_SECONDS = 90.0
READY_POLL_SECONDS = 0.2
DRAIN_SECONDS = 60.0
TAIL_LINES = 15


@dataclass(slots=True)
class RunningWorker:
    """A worker's process, its log, and the port of its health endpoints."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    port: int

    def check(self) -> None:
        """Raise ``ProblemsFound`` with the end of the log if the worker has ended."""
        if self.process.returncode is not None:
            raise ProblemsFound(f"the worker {self.name} ended with {self.process.returncode}; {self.tail()}")

    def tail(self) -> str:
        """Return the end of the log, for an error."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"the end of {self.log}:", *lines])


@dataclass(slots=True)
class Fleet:
    """The workers of the demo, each with a log in ``folder``."""

    folder: Path
    workers: list[RunningWorker] = field(default_factory=list)

    async def start(self, names: Sequence[str]) -> None:
        """Start these workers; return when each has its partitions. Raises ``ProblemsFound``."""
        for name in names:
            self.workers.append(await _start(name, self.folder / f"{name}.log"))
        await asyncio.gather(*(_ready(worker) for worker in self.workers))

    def check(self) -> None:
        """Raise ``ProblemsFound`` if a worker has ended."""
        for worker in self.workers:
            worker.check()

    async def stop(self) -> list[str]:
        """Send SIGTERM to all and wait; return a sentence for each failed exit."""
        for worker in self.workers:
            if worker.process.returncode is None:
                worker.process.send_signal(signal.SIGTERM)
        return [problem for worker in self.workers for problem in await _ended(worker)]


@asynccontextmanager
async def running_fleet(folder: Path) -> AsyncIterator[Fleet]:
    """Yield a fleet to start workers in; stop all of them at the end."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    fleet = Fleet(folder)
    try:
        yield fleet
    finally:
        await fleet.stop()


async def _start(name: str, log: Path) -> RunningWorker:
    port = _free_port()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "workers.cli.main",
            "worker",
            name,
            env={**os.environ, "METRICS_PORT": str(port), "LOG_FORMAT": "console"},
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then stops its workers in order
        )
    return RunningWorker(name, process, log, port)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _ready(worker: RunningWorker) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await asyncio.to_thread(_answers, worker.port):
                worker.check()
                await asyncio.sleep(READY_POLL_SECONDS)
    except TimeoutError:
        raise ProblemsFound(
            f"the worker {worker.name} was not ready within {READY_SECONDS:.0f} s; {worker.tail()}"
        ) from None


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except OSError:  # also HTTP's 503: not ready
        return False


async def _ended(worker: RunningWorker) -> list[str]:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            code = await worker.process.wait()
    except TimeoutError:
        worker.process.kill()
        return [f"the worker {worker.name} did not drain within {DRAIN_SECONDS:.0f} s of SIGTERM; {worker.tail()}"]
    return [] if code == 0 else [f"the worker {worker.name} ended with {code}, not 0; {worker.tail()}"]
