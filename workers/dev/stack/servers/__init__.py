"""The servers that a stack can run, one file for each."""

from workers.core.errors import Misconfigured
from workers.dev.stack.server import LocalServer
from workers.dev.stack.servers.apicurio import APICURIO
from workers.dev.stack.servers.connect import CONNECT
from workers.dev.stack.servers.kafka import KAFKA
from workers.dev.stack.servers.neo4j import NEO4J
from workers.dev.stack.servers.openbao import OPENBAO
from workers.dev.stack.servers.postgres import POSTGRES
from workers.dev.stack.servers.prometheus import PROMETHEUS

SERVERS: dict[str, LocalServer] = {
    server.name: server for server in (KAFKA, NEO4J, APICURIO, POSTGRES, CONNECT, OPENBAO, PROMETHEUS)
}
ALWAYS = ("kafka", "neo4j", "apicurio")
EXTRAS: dict[str, tuple[str, ...]] = {
    "cdc": ("postgres", "connect"),
    "vault": ("openbao",),
    "monitoring": ("prometheus",),
}


def names_for(extras: tuple[str, ...]) -> tuple[str, ...]:
    """Return the servers of a stack with ``extras``; raises Misconfigured for an unknown extra."""
    for extra in extras:
        if extra not in EXTRAS:
            raise Misconfigured(f"--with {extra} is unknown: choose from {', '.join(EXTRAS)}.")
    return (*ALWAYS, *(name for extra in dict.fromkeys(extras) for name in EXTRAS[extra]))
