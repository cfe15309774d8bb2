"""One worker under test, seen from outside."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

REPOSITORY = Path(__file__).parents[2]


class WorkerProcess:
    """A running ``worker_under_test``; its log is a file."""

    def __init__(self, worker: str, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.meant_to_end = False
        """Whether the scenario wants it to end: else it is started again when it does, as Kubernetes would."""
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker_under_test", worker],
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), "LOG_FORMAT": "json", **environment},
                cwd=log.parent,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """``None`` while it runs; minus the number of the signal that killed it."""
        return self._process.poll()

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
        self._process.wait()

    def terminate(self) -> None:
        """SIGTERM: drain and end."""
        self.meant_to_end = True
        self._process.terminate()

    def memory_mib(self) -> float:
        """Resident memory; 0 when it has ended."""
        try:
            return float(psutil.Process(self.pid).memory_info().rss / 2**20)
        except psutil.Error:
            return 0.0

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
