"""Kafka and Neo4j of a test's own, because it stops Neo4j.

As a program it stops or starts this Neo4j, as ``systemctl`` does: ``own_servers.py stop|start NAME REGISTRY``.
"""

import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from socket import create_server
from typing import NamedTuple

from tests.conftest import HOME
from workers.dev.stack.lifecycle import reset, up
from workers.dev.stack.process import ProcessIdentity, stop
from workers.dev.stack.progress import ProgressLines
from workers.dev.stack.servers import SERVERS
from workers.dev.stack.state import load_state
from workers.dev.stack.status import environment

MODULE = "tests.integration.ops.backup.own_servers"


class OwnServers(NamedTuple):
    """A stack. ``registry`` is the address of a listener in place of a schema registry, which nobody asks here."""

    name: str
    environment: Mapping[str, str]
    registry: str

    def command(self, verb: str) -> str:
        """Return an operator's command that stops or starts Neo4j."""
        return f"{sys.executable} -m {MODULE} {verb} {self.name} {self.registry}"

    @property
    def neo4j(self) -> ProcessIdentity:
        return neo4j_of(self.name)


@contextmanager
def own_servers(name: str) -> Iterator[OwnServers]:
    with create_server(("127.0.0.1", 0)) as listener:
        servers = OwnServers(name, {}, "http://{}:{}".format(*listener.getsockname()))
        try:
            # Not as children of this process: it would have to wait for one that another process stops.
            subprocess.run(shlex.split(servers.command("start")), check=True)
            yield servers._replace(environment=environment(name, home=HOME))
        finally:
            reset(name, home=HOME)


def start(name: str, registry: str) -> None:
    """Start what does not run."""
    external = {"SCHEMA_REGISTRY_URL": registry}
    up(name, (), ProgressLines(), environment=external, home=HOME, well_known_ports=False)


def neo4j_of(name: str) -> ProcessIdentity:
    process = load_state(HOME, name).servers["neo4j"].process
    assert process
    return process


if __name__ == "__main__":
    _, verb, stack, listener = sys.argv
    if verb == "start":
        start(stack, listener)
    else:
        stop(neo4j_of(stack), SERVERS["neo4j"].stop_signal, SERVERS["neo4j"].grace_seconds)
