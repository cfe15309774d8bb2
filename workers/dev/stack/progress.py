"""What a person sees while servers start: bars on a terminal, plain lines in a log."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Report(Protocol):
    """Told by several threads at once."""

    def step(self, server: str, text: str) -> None:
        """``server`` does something new."""

    def done(self, server: str, text: str) -> None:
        """``server`` is where it should be."""

    def fetching(self, server: str, done: float, files: int) -> None:
        """``done`` of ``files`` files of ``server`` are here; called for every chunk."""


class Silent:
    """Tells nobody."""

    def step(self, server: str, text: str) -> None: ...

    def done(self, server: str, text: str) -> None: ...

    def fetching(self, server: str, done: float, files: int) -> None: ...


class Lines:
    """One plain line on standard error for each step, and one for each tenth of a download."""

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


class Bars:
    """One row for each server, redrawn in place; the bar moves to and fro where nothing is to be downloaded."""

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
def reporting() -> Iterator[Report]:
    """Bars where standard error is a terminal, lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description:<9}"), BarColumn(20), TextColumn("{task.fields[step]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield Bars(progress)
