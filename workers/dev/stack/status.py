"""What runs, what does not, and where."""

import re
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from workers.core.errors import Misconfigured, Unreachable
from workers.dev.stack.home import DEFAULT_NAME, checked, stack_home
from workers.dev.stack.probe import accepts, endpoint
from workers.dev.stack.process import is_alive
from workers.dev.stack.server import Server
from workers.dev.stack.servers import SERVERS
from workers.dev.stack.state import ServerState, StackState, load_state


class Condition(StrEnum):
    """How a server is."""

    RUNNING = "running"
    CRASHED = "crashed"
    STOPPED = "stopped"
    EXTERNAL = "external"
    UNREACHABLE = "external, unreachable"


class ServerStatus(BaseModel):
    """One row of ``stack status``. ``address`` never holds a password; ``trouble`` is what is wrong though it runs."""

    server: str
    title: str
    state: Condition
    pid: int | None
    address: str
    ports: dict[str, int]
    log: Path | None
    trouble: str | None = None


def status(name: str = DEFAULT_NAME, *, home: Path | None = None) -> list[ServerStatus]:
    """Every server that the stack ``name`` has or had; empty when there is no such stack."""
    state = load_state(home or stack_home(), checked(name))
    return [_row(server, state.servers[each], state) for each, server in SERVERS.items() if each in state.servers]


def environment(name: str = DEFAULT_NAME, *, home: Path | None = None) -> dict[str, str]:
    """The settings with which programs reach the stack; raises Unreachable when it is not up."""
    state = load_state(home or stack_home(), checked(name))
    here = [known for known in state.servers.values() if known.external or (known.process and is_alive(known.process))]
    if not any(here):
        raise Unreachable(f"the stack {name} is not up: start it with memory-graph stack up --name {name}.")
    return {key: value for known in here for key, value in known.environment.items()}


def log_file(name: str, server: str, *, home: Path | None = None) -> Path:
    """The log of ``server``; raises Misconfigured when that one has none here."""
    state = load_state(home or stack_home(), checked(name))
    log = state.folder / server / "log"
    if server not in SERVERS or not log.exists():
        raise Misconfigured(
            f"{server} has no log in the stack {name}: choose from {', '.join(state.servers) or 'none'}."
        )
    return log


def _row(server: Server, known: ServerState, state: StackState) -> ServerStatus:
    address = known.environment.get(server.replaced_by, "")
    condition = _condition(server, known)
    return ServerStatus(
        server=server.name,
        title=server.title,
        state=condition,
        pid=known.process.pid if known.process else None,
        address=re.sub(r"(://[^:/@]+):[^@]*@", r"\1@", address),
        ports={} if known.external else known.ports,
        log=None if known.external else state.folder / server.name / "log",
        trouble=_trouble(server, state) if condition is Condition.RUNNING else None,
    )


def _trouble(server: Server, state: StackState) -> str | None:
    try:
        return server.trouble(state.environment)
    except Unreachable as error:  # it has a process, and still does not answer
        return str(error)


def _condition(server: Server, known: ServerState) -> Condition:
    if known.external:
        host, port = endpoint(known.environment[server.replaced_by], next(iter(server.ports.values())))
        return Condition.EXTERNAL if accepts(port, host) else Condition.UNREACHABLE
    if known.process is None:
        return Condition.STOPPED
    return Condition.RUNNING if is_alive(known.process) else Condition.CRASHED
