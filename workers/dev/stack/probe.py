"""Ask a server whether it is ready."""

import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2
POLL_SECONDS = 0.2


def http_ok(port: int, path: str) -> bool:
    """Whether ``GET path`` on 127.0.0.1 answers with 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's own number for OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def says(log: Path, text: str) -> bool:
    """Whether the log of this start contains ``text``."""
    return log.exists() and text in log.read_text(errors="replace")


def tail(log: Path, lines: int) -> str:
    """The last ``lines`` lines of a log; empty when there is none."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def endpoint(address: str, default_port: int) -> tuple[str, int]:
    """Host and port of a URL, or of the first of a list ``host:port,host:port``."""
    first = address.split(",", maxsplit=1)[0].strip()
    parts = urlsplit(first if "://" in first else f"//{first}")
    return parts.hostname or "localhost", parts.port or default_port


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether anything takes connections on ``port``."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def follow(log: Path, lines: int) -> Iterator[str]:
    """The last ``lines`` lines, then what is added, without end; goes on with the new file after a restart."""
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
