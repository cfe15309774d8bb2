"""Choose ports that nobody has, not even another stack that is down for the moment."""

import random
import socket
from collections.abc import Collection, Iterator

# Below the ranges from which Linux (32768) and macOS (49152) give ports to outgoing connections: a port that a
# stopped stack keeps for its next start is not taken by some client meanwhile.
LOWEST, HIGHEST = 20_000, 32_000
ATTEMPTS = 1_000


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of 127.0.0.1 now, and no other listens there for all addresses."""
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
    """The first free port of ``wanted``, or else a random free one; none of ``taken``."""
    for port in (*wanted, *_random_ports()):
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST}: stop what you do not need (memory-graph stack down).")


def _random_ports() -> Iterator[int]:
    return (random.randrange(LOWEST, HIGHEST) for _ in range(ATTEMPTS))  # noqa: S311 - a port is no secret
