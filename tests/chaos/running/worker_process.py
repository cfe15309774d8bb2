"""One worker under test, seen from outside."""

import importlib
import multiprocessing
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

FORKED = multiprocessing.get_context("forkserver")
"""A process with all imports done forks each worker: importing is half of the start time,
and a matrix starts some three hundred."""
LATE = (
    "anyio._backends._asyncio",
    "faust.app.router",
    "faust.events",
    "faust.fixups.django",
    "faust.tables.objects",
    "faust.tables.sets",
    "faust.topics",
    "faust.worker",
    "httpcore2",
    "ruamel.yaml.mergevalue",
    "truststore",
)
"""What a worker imports only when it starts: a third of the time that is left."""
UNDER_TEST = "tests.chaos.running.worker_under_test"
FORKED.set_forkserver_preload([*LATE, UNDER_TEST])


class WorkerProcess:
    """A running ``worker_under_test``, or another module with a ``main(worker)``, with a log file."""

    def __init__(self, worker: str, environment: Mapping[str, str], log: Path, *, module: str = UNDER_TEST) -> None:
        self.log = log
        self.meant_to_end = False
        """Whether the scenario expects its end; otherwise it is restarted, as Kubernetes would."""
        log.touch()
        told = {"LOG_FORMAT": "json", **environment}
        self._process = FORKED.Process(target=_run, args=(module, worker, told, log), daemon=True)
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    @property
    def exit_code(self) -> int | None:
        """``None`` while it runs; minus the signal number if a signal killed it."""
        return self._process.exitcode

    @property
    def is_stopped(self) -> bool:
        """Whether it is suspended by SIGSTOP."""
        if self.exit_code is not None:
            return False
        return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.meant_to_end = True
        self._process.kill()
        self._process.join()

    def terminate(self) -> None:
        """Send SIGTERM: drain and end."""
        self.meant_to_end = True
        self._process.terminate()

    def memory_mib(self) -> float:
        """Return the resident memory; 0 when it has ended."""
        try:
            return float(psutil.Process(self.pid).memory_info().rss / 2**20)
        except psutil.Error:
            return 0.0

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _run(module: str, worker: str, environment: Mapping[str, str], log: Path) -> None:
    """Set up the forked process as a separate program, then run the worker."""
    os.setsid()
    os.chdir(log.parent)
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    importlib.import_module(module).main(worker)
