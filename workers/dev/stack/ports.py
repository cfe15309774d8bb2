"""Free ports, and checks whether a server answers on a port."""

import random
import socket
import ssl
from collections.abc import Collection, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

# Below the ranges that Linux (32768) and macOS (49152) use for outgoing connections:
# so no client takes the port that a stopped stack keeps for its next start.
LOWEST, HIGHEST = 20_000, 32_000
ATTEMPTS = 1_000
TIMEOUT_SECONDS = 2


def is_free(port: int) -> bool:
    """Return whether a server could listen on ``port`` of 127.0.0.1 now.

    A port is not free either if another server listens on it for all addresses.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) != 0


def choose_port(wanted: Collection[int], taken: Collection[int]) -> int:
    """Return a free port outside ``taken``: the first of ``wanted``, else a random one."""
    for port in (*wanted, *_random_ports()):
        if port not in taken and is_free(port):
            return port
    raise OSError(
        f"no port between {LOWEST} and {HIGHEST} is free: stop a stack that you do not need (memory-graph stack down)."
    )


def _random_ports() -> Iterator[int]:
    return (random.randrange(LOWEST, HIGHEST) for _ in range(ATTEMPTS))  # noqa: S311 - a port is no secret


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a server accepts connections on ``port``."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def http_ok(
    port: int, path: str, *, authority: Path | None = None, headers: Mapping[str, str] = MappingProxyType({})
) -> bool:
    """Return whether ``GET path`` on 127.0.0.1 answers with 200; over TLS with the file of an ``authority``."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    if authority is not None:
        context = ssl.create_default_context(cafile=str(authority))
        connection = HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, context=context)
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's own number for OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def endpoint(address: str, default_port: int) -> tuple[str, int]:
    """Return host and port of a URL, or of a list ``host:port,host:port``."""
    first = address.split(",", maxsplit=1)[0].strip()
    parts = urlsplit(first if "://" in first else f"//{first}")
    return parts.hostname or "localhost", parts.port or default_port
