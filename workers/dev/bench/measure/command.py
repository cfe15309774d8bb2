"""One run of a command line, measured as a whole."""

import asyncio
import resource
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from workers.core.errors import ProblemsFound
from workers.dev.bench.contestants import Start, child_environment
from workers.dev.bench.measure.machine import MEBIBYTE

LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Command:
    """A run from its start to its end, with the processes that it started itself.

    ``seconds``      by the clock
    ``cpu_seconds``  user and system time
    ``rss_mib``      the most memory, pages that processes share are counted twice
    """

    seconds: float
    cpu_seconds: float
    rss_mib: float


async def run_command(folder: Path, start: Start, printed: Path) -> Command:
    """Run a command to its end; what it prints goes to a file. Raises ``ProblemsFound``."""
    log, peak, began, cpu = folder / "command.log", 0.0, time.monotonic(), _cpu_of_children()
    with printed.open("wb") as output, log.open("wb") as errors:
        process = psutil.Popen(start.argv, env=child_environment(start), cwd=folder, stdout=output, stderr=errors)
        while process.poll() is None:
            peak = max(peak, _memory_mib(process))
            await asyncio.sleep(LOOK_EVERY_SECONDS)
    seconds = time.monotonic() - began
    if process.returncode:
        raise ProblemsFound(f"{' '.join(start.argv)} ended with {process.returncode}: {log.read_text()}")
    return Command(seconds, _cpu_of_children() - cpu, peak)


def _cpu_of_children() -> float:
    """Return the processor time of all ended children, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory_mib(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        processes = [process, *process.children(recursive=True)]
        return float(sum(each.memory_info().rss for each in processes)) / MEBIBYTE
    return 0.0
