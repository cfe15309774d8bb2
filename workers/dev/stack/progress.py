"""Progress of a stack's start and stop: bars on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class StackProgress(Protocol):
    """Receives the progress of starts and stops; several threads call it in parallel."""

    def step(self, server: str, text: str) -> None:
        """Report the current step of ``server``."""

    def done(self, server: str, text: str) -> None:
        """Report that the work on ``server`` is done."""

    def fetching(self, server: str, done: float, files: int) -> None:
        """Report that ``done`` of ``files`` files of ``server`` are present; called for every chunk."""


class NoProgress:
    """Progress that is not shown."""

    def step(self, server: str, text: str) -> None: ...

    def done(self, server: str, text: str) -> None: ...

    def fetching(self, server: str, done: float, files: int) -> None: ...


class ProgressLines:
    """One line on standard error per step, and per tenth of a download."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._tenths: dict[str, int] = {}

    def step(self, server: str, text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - self._start:5.1f} s] {server}: {text}\n")
        sys.stderr.flush()

    def done(self, server: str, text: str) -> None:
        self.step(server, text)

    def fetching(self, server: str, done: float, files: int) -> None:
        tenth = int(10 * done / files)
        if tenth > self._tenths.get(server, 0):
            self._tenths[server] = tenth
            self.step(server, f"downloading {files} files, {10 * tenth} %")


class ProgressBars:
    """One row for each server, redrawn in place; the bar pulses without a download."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def step(self, server: str, text: str) -> None:
        self._progress.update(self._task(server), step=text)

    def done(self, server: str, text: str) -> None:
        self._progress.update(self._task(server), step=text, completed=1, total=1)

    def fetching(self, server: str, done: float, files: int) -> None:
        self._progress.update(self._task(server), step=f"downloading {files} files", completed=done, total=files)

    def _task(self, server: str) -> TaskID:
        with self._lock:
            if server not in self._tasks:
                self._tasks[server] = self._progress.add_task(server, total=None, step="")
            return self._tasks[server]


@contextmanager
def stack_progress() -> Iterator[StackProgress]:
    """Show progress on standard error: bars on a terminal, lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield ProgressLines()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description:<9}"), BarColumn(20), TextColumn("{task.fields[step]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield ProgressBars(progress)
