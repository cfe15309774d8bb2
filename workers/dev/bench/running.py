"""A running contestant, seen from outside."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from workers.core.errors import ProblemsFound
from workers.dev.bench.contestants import Start, child_environment
from workers.dev.bench.measure.machine import MEBIBYTE, cpu_seconds

STOP_SECONDS = 60.0
SETTLE_SECONDS = 90.0
LOOK_EVERY_SECONDS = 0.2
TAIL_LINES = 15


class Running:
    """The processes of one contestant, with one log file."""

    def __init__(self, processes: Sequence[subprocess.Popen[bytes]], log: Path) -> None:
        self._processes = processes
        self._watched = {psutil.Process(each.pid): (0.0, 0) for each in processes}
        self._log = log

    def look(self) -> tuple[float, float]:
        """Return the CPU time (seconds, user and system) and memory (MiB) of all processes.

        A process that has ended keeps its last values.
        """
        for each in self._watched:
            with suppress(psutil.NoSuchProcess):
                self._watched[each] = cpu_seconds(each), each.memory_info().rss
        cpu, rss = zip(*self._watched.values(), strict=True)
        return sum(cpu), sum(rss) / MEBIBYTE

    def check(self) -> None:
        """Raise ``ProblemsFound`` with the end of the log if a process has failed."""
        if any(each.poll() for each in self._processes):
            raise self.problem(f"a contestant ended with {[each.returncode for each in self._processes]}")

    async def until_quiet(self, sentence: str, seconds: float) -> None:
        """Wait until every process has logged ``sentence`` and ``seconds`` have passed without output.

        Raises ``ProblemsFound`` when a process fails, or after ``SETTLE_SECONDS``.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        said, since = b"", time.monotonic()
        while said.count(sentence.encode()) < len(self._processes) or time.monotonic() - since < seconds:
            self.check()
            if time.monotonic() > deadline:
                raise self.problem(f"the contestant did not settle within {SETTLE_SECONDS:.0f} s")
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            now = self._log.read_bytes()
            if now != said:
                said, since = now, time.monotonic()

    def problem(self, what: str) -> ProblemsFound:
        """Return an error with the end of the log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        return ProblemsFound("\n".join([f"{what}; the end of {self._log}:", *lines]))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process."""
        for each in self._processes:
            if each.returncode is None:
                os.kill(each.pid, number)

    async def stop(self) -> None:
        """Send SIGTERM and wait; kill processes that do not end."""
        self.signal(signal.SIGTERM)
        for each in self._processes:
            try:
                await asyncio.to_thread(each.wait, STOP_SECONDS)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()


@asynccontextmanager
async def running(starts: Sequence[Start], folder: Path, name: str) -> AsyncIterator[Running]:
    """Start the processes in ``folder``; stop all of them at the end."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        started = Running(
            [
                subprocess.Popen(  # noqa: S603, ASYNC220 - our own command lines; a start is quick, psutil wants pids
                    each.argv,
                    env=child_environment(each),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C reaches the benchmark alone, which then stops them in order
                )
                for each in starts
            ],
            log,
        )
    try:
        yield started
    finally:
        await started.stop()
