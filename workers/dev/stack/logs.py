"""Read the log file of a server."""

import time
from collections.abc import Iterator
from pathlib import Path

POLL_SECONDS = 0.2
REPORTED_LINES = 20


def log_contains(log: Path, text: str) -> bool:
    """Return whether the log of the latest start contains ``text``."""
    return log.exists() and text in log.read_text(errors="replace")


def tail(log: Path, lines: int) -> str:
    """Return the last ``lines`` lines of a log; empty if it does not exist."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def follow(log: Path, lines: int) -> Iterator[str]:
    """Yield the last ``lines`` lines, then all new lines, without end.

    Continues with the new file after a restart of the server.
    """
    position = log.stat().st_size
    yield tail(log, lines) + "\n"
    while True:
        size = log.stat().st_size if log.exists() else 0
        if size < position:
            position = 0
        if size > position:
            with log.open(errors="replace") as file:
                file.seek(position)
                yield file.read()
                position = file.tell()
        time.sleep(POLL_SECONDS)


def crash_report(server: str, log: Path, event: str) -> str:
    """Return one sentence about ``event`` and the end of the server's log."""
    end = "\n".join(f"    {line}" for line in tail(log, REPORTED_LINES).splitlines())
    return f"{server} {event}; the end of {log}:\n{end or '    (it wrote nothing)'}"
