"""The status of a stack's servers, their addresses, and the names of all stacks."""

import re
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from workers.core.errors import Misconfigured, ProblemsFound, Unreachable
from workers.dev.stack.home import DEFAULT_NAME, check_name, stack_home
from workers.dev.stack.ports import accepts, endpoint
from workers.dev.stack.process import is_alive
from workers.dev.stack.server import LocalServer
from workers.dev.stack.servers import SERVERS
from workers.dev.stack.state import ServerState, StackState, load_state, stack_names
from workers.dev.stack.tls.files import StackTls, as_user
from workers.ops.acls import user_of


class RunState(StrEnum):
    """Whether a server runs."""

    RUNNING = "running"
    CRASHED = "crashed"
    STOPPED = "stopped"
    EXTERNAL = "external"
    UNREACHABLE = "external, unreachable"


class ServerStatus(BaseModel):
    """One row of ``stack status``.

    ``address`` never holds a password, nor options. ``trouble`` says why a running server does not work.
    """

    server: str
    title: str
    state: RunState
    pid: int | None
    address: str
    ports: dict[str, int]
    log: Path | None
    trouble: str | None = None


def require_stack(name: str, *, home: Path | None = None) -> None:
    """Raise ProblemsFound, with the existing stacks, if there is no stack ``name``."""
    names = stack_names(home or stack_home())
    if check_name(name) in names:
        return
    if names:
        raise ProblemsFound(f"there is no stack {name!r}: choose from {', '.join(names)}.")
    raise ProblemsFound(f"there is no stack {name!r} and no other one yet: memory-graph stack up starts one.")


def status(name: str = DEFAULT_NAME, *, home: Path | None = None) -> list[ServerStatus]:
    """Return every server that the stack ``name`` has or had; empty for an unknown stack."""
    state = load_state(home or stack_home(), check_name(name))
    return [_row(server, state.servers[each], state) for each, server in SERVERS.items() if each in state.servers]


def environment(name: str = DEFAULT_NAME, *, worker: str | None = None, home: Path | None = None) -> dict[str, str]:
    """Return the settings for programs that use the stack; raises Unreachable if it is down.

    ``worker``: with the user of this worker, or of ``operator``, instead of the administrator. Raises Misconfigured
    if there is none.
    """
    state = load_state(home or stack_home(), check_name(name))
    usable = [
        known for known in state.servers.values() if known.external or (known.process and is_alive(known.process))
    ]
    if not usable:
        raise Unreachable(f"the stack {name} is not up: start it with memory-graph stack up --name {name}.")
    found = {key: value for known in usable for key, value in known.environment.items()}
    return as_user(found, StackTls(state.folder), user_of(worker)) if worker else found


def log_file(name: str, server: str, *, home: Path | None = None) -> Path:
    """Return the log of ``server``; raises Misconfigured if there is none."""
    state = load_state(home or stack_home(), check_name(name))
    log = state.folder / server / "log"
    if server in SERVERS and log.exists():
        return log
    with_log = [each for each in state.servers if (state.folder / each / "log").exists()]
    fix = f"choose from {', '.join(with_log)}" if with_log else "it has no log of any server"
    raise Misconfigured(f"the stack {name} has no log of a server {server!r}: {fix}.")


def _row(server: LocalServer, known: ServerState, state: StackState) -> ServerStatus:
    address = known.environment.get(server.address_variable, "")
    run_state = _run_state(server, known)
    return ServerStatus(
        server=server.name,
        title=server.title,
        state=run_state,
        pid=known.process.pid if known.process else None,
        address=re.sub(r"(://[^:/@]+):[^@]*@", r"\1@", address).partition("?")[0],
        ports={} if known.external else known.ports,
        log=None if known.external else state.folder / server.name / "log",
        trouble=_trouble(server, state) if run_state is RunState.RUNNING else None,
    )


def _trouble(server: LocalServer, state: StackState) -> str | None:
    try:
        return server.trouble(state.environment)
    except (Misconfigured, Unreachable) as error:  # its process runs, but it does not answer, or not as it should
        return str(error)


def _run_state(server: LocalServer, known: ServerState) -> RunState:
    if known.external:
        host, port = endpoint(known.environment[server.address_variable], next(iter(server.ports.values())))
        return RunState.EXTERNAL if accepts(port, host) else RunState.UNREACHABLE
    if known.process is None:
        return RunState.STOPPED
    return RunState.RUNNING if is_alive(known.process) else RunState.CRASHED
