"""The command line in separate processes, observed through their logs."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

FoundT = TypeVar("FoundT")

CONSOLE_SCRIPT = Path(sys.executable).with_name("memory-graph")
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.05


class Living(Protocol):
    """What must not end while a test waits."""

    def check(self) -> None:
        """Fail if it has ended."""


def until(look: Callable[[], FoundT | None], what: str, *programs: "Living") -> FoundT:
    """Poll until the result is true, and return it.

    Fails with ``what`` at the timeout, and at once when one of the programs has ended.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if found:
            return found
        for program in programs:
            program.check()
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_SECONDS:.0f} s"
        time.sleep(POLL_SECONDS)


class Page(NamedTuple):
    """An HTTP answer."""

    status: int
    text: str


def get(url: str) -> Page:
    """Send a GET; return error pages, too."""
    try:
        with urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - a worker of this test run
            return Page(answer.status, answer.read().decode())
    except HTTPError as error:
        with error:
            return Page(error.code, error.read().decode())


class Program:
    """A running ``memory-graph …`` with a log file; leaving its ``with`` block kills it."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        command: Sequence[str] = (str(CONSOLE_SCRIPT),),
        cwd: Path | None = None,
    ) -> None:
        self.log = log
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                [*command, *arguments],
                env={**os.environ, "LOG_FORMAT": "json", "METRICS_PORT": "0", **environment},
                cwd=cwd,
                stdout=stderr,
                stderr=stderr,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def events(self, event: str) -> list[dict[str, Any]]:
        """Every line logged so far whose ``event`` is this."""
        return [line for line in self._lines() if line.get("event") == event]

    def until_logged(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for log lines of an event; fail if the process ends before."""

        def look() -> list[dict[str, Any]] | None:
            found = self.events(event)
            return found if len(found) >= count else None

        return until(look, f"{count} times {event!r} in {self.log}", self)

    def until_ready(self) -> str:
        """Wait until a worker has partitions; return the address of its HTTP pages."""
        line = self.until_logged("serving metrics and health")[0]
        assert line["worker"], "the line says whose address it is"
        address: str = line["address"]
        until(lambda: get(f"{address}/readyz").status == 200, f"{address}/readyz", self)
        return address

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def check(self) -> None:
        """Fail if the program has ended."""
        code = self._process.poll()
        assert code is None, f"ended with {code}:\n{self.tail()}"

    def stop(self) -> int:
        """Send SIGTERM; return the exit code."""
        self._process.terminate()
        return self.exit_code()

    def exit_code(self) -> int:
        """Wait for the end."""
        try:
            return self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {PATIENCE_SECONDS:.0f} s:\n{self.tail()}") from None

    def kill(self) -> None:
        """Send SIGKILL."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def _lines(self) -> Iterator[dict[str, Any]]:
        for line in self.log.read_bytes().splitlines():
            try:
                parsed = json.loads(line)
            except ValueError:  # half a line, or a program that died before it could configure its log
                continue
            if isinstance(parsed, dict):
                yield parsed


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    cwd: Path | None = None,
    within_seconds: float = PATIENCE_SECONDS,
) -> tuple[int, str, str]:
    """Run a command to its end; return exit code, standard output, standard error."""
    done = subprocess.run(
        [CONSOLE_SCRIPT, *arguments],
        env={**os.environ, "LOG_FORMAT": "json", "METRICS_PORT": "0", **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=within_seconds,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
