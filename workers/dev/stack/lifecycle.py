"""Start, stop and delete a stack."""

import os
import shutil
import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from workers.core.errors import Misconfigured, Unreachable
from workers.dev.stack.home import DEFAULT_NAME, stack_home, stack_lock
from workers.dev.stack.logs import crash_report
from workers.dev.stack.ports import accepts, endpoint
from workers.dev.stack.process import is_alive, stop
from workers.dev.stack.progress import NoProgress, StackProgress
from workers.dev.stack.server import LocalServer
from workers.dev.stack.servers import SERVERS, names_for
from workers.dev.stack.start import Starter
from workers.dev.stack.state import ServerState, StackState, load_state
from workers.dev.stack.tls.files import StackTls


def up(  # noqa: PLR0913 - the last ones are for tests, by keyword only
    name: str = DEFAULT_NAME,
    extras: Sequence[str] = (),
    progress: StackProgress | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    home: Path | None = None,
    well_known_ports: bool = True,
    secure: bool = False,
) -> StackState:
    """Start the servers of the stack that do not run; return when ready.

    ``environment`` (default: this process's) may name servers to use instead of starting ones.
    ``secure``: TLS, logins and ACLs everywhere; a stack stays as it was first started.
    ``well_known_ports``: try those first. A server that crashed since the last ``up`` is reported and started again.

    Raises Unreachable with the end of the log when a server fails, after stopping what this call has started;
    Misconfigured for an unknown extra. When tables or a connector cannot be created in running servers, it raises
    the same errors, and the servers stay up.
    """
    home, progress = home or stack_home(), progress or NoProgress()
    wanted = names_for(tuple(extras))
    with stack_lock(home, name):
        state = load_state(home, name)
        _secure(state, wanted=secure)
        wanted = (*wanted, *(each for each, known in state.servers.items() if known.process and each not in wanted))
        starter = Starter(home, state, progress, well_known_ports)
        missing = [
            server
            for server in (SERVERS[each] for each in wanted)
            if not _runs(server, state, progress) and not _use_external(server, state, environment, progress)
        ]
        _start_all(starter, missing)
        _provision(state, wanted, progress)
        return state


def _secure(state: StackState, *, wanted: bool) -> None:
    """Make the authority of a new secure stack. Raises ``Misconfigured`` for a stack that has data without TLS."""
    if wanted and not state.secure and state.servers:
        raise Misconfigured(
            f"the stack {state.name} was started without --secure: delete it with memory-graph stack reset --name "
            f"{state.name}, or start another one with --name."
        )
    state.secure = state.secure or wanted
    if state.secure:
        StackTls(state.folder).prepare()


def down(name: str = DEFAULT_NAME, progress: StackProgress | None = None, *, home: Path | None = None) -> StackState:
    """Stop exactly the processes that ``up`` started; keep data, ports and passwords."""
    home, progress = home or stack_home(), progress or NoProgress()
    with stack_lock(home, name):
        return _down(load_state(home, name), progress)


def reset(name: str = DEFAULT_NAME, progress: StackProgress | None = None, *, home: Path | None = None) -> None:
    """Stop the stack and delete its folder: data, logs, ports, passwords."""
    home = home or stack_home()
    with stack_lock(home, name) as lock_file:
        state = _down(load_state(home, name), progress or NoProgress())
        if state.folder.exists():
            shutil.rmtree(state.folder)
        lock_file.unlink()


def _down(state: StackState, progress: StackProgress) -> StackState:
    _stop_all(state, list(state.servers), progress)
    return state


def _runs(server: LocalServer, state: StackState, progress: StackProgress) -> bool:
    """Return whether the server already runs; report a crash since the last ``up``."""
    known = state.servers.get(server.name)
    if known is None or known.process is None:
        return False
    if is_alive(known.process):
        progress.done(server.name, "runs already")
        return True
    progress.step(server.name, crash_report(server.name, state.folder / server.name / "log", "had crashed"))
    return False


def _use_external(
    server: LocalServer, state: StackState, environment: Mapping[str, str] | None, progress: StackProgress
) -> bool:
    """Use the server that the environment names, unless it is the stack's own (``eval $(… stack env)``)."""
    environment = os.environ if environment is None else environment
    address = environment.get(server.address_variable)
    known = state.servers.get(server.name, ServerState())
    own = None if known.external else known.environment.get(server.address_variable)
    if not address or address == own:
        return False
    host, port = endpoint(address, next(iter(server.ports.values())))
    if not accepts(port, host):
        raise Unreachable(
            f"{server.address_variable} names a {server.title} at {host}:{port}, where nothing answers:"
            f" start it, or unset {server.address_variable} to let the stack start its own."
        )
    given = {key: environment[key] for key in (server.address_variable, *server.other_variables) if key in environment}
    # Ports and passwords of the stack's own server are kept, because its data may be used again.
    state.servers[server.name] = known.model_copy(update={"environment": given, "external": True, "process": None})
    state.save()
    progress.done(server.name, f"not started, {server.address_variable} is set: {host}:{port}")
    return True


def _start_all(starter: Starter, servers: Sequence[LocalServer]) -> None:
    """Start the servers in parallel, each after its ``needs``; stop all at a failure."""
    if not servers:
        return
    ready = {server.name: threading.Event() for server in servers}

    def start(server: LocalServer) -> None:
        for need in server.needs:
            while need in ready and not ready[need].wait(0.1):
                if starter.halt.is_set():
                    return
        starter.start(server)
        ready[server.name].set()

    with ThreadPoolExecutor(len(servers)) as pool:
        futures: list[Future[None]] = [pool.submit(start, server) for server in servers]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                if future.done():
                    future.result()
        except BaseException:  # Ctrl-C as well: stop every server that this call has started
            starter.halt.set()
            wait(futures)
            _stop_all(starter.state, [server.name for server in servers], starter.progress)
            raise


def _provision(state: StackState, wanted: Collection[str], progress: StackProgress) -> None:
    """Create tables, topics and the connector in the stack's own servers only."""
    for name, server in SERVERS.items():
        if name in wanted and server.provision and not state.servers[name].external:
            progress.step(name, "creating what clients expect in it")
            progress.done(name, server.provision(state.environment))


def _stop_all(state: StackState, names: Sequence[str], progress: StackProgress) -> None:
    """Stop the named servers: first those that need others, then the rest in parallel."""
    running = [SERVERS[name] for name in names if name in state.servers and state.servers[name].process]
    with ThreadPoolExecutor(max(1, len(running))) as pool:
        for wave in ([each for each in running if each.needs], [each for each in running if not each.needs]):
            list(pool.map(lambda server: _stop_one(server, state, progress), wave))
    for server in running:
        state.servers[server.name].process = None
    if running:
        state.save()


def _stop_one(server: LocalServer, state: StackState, progress: StackProgress) -> None:
    process = state.servers[server.name].process
    if process is None:
        return
    progress.step(server.name, "stopping")
    was_alive = is_alive(process)
    polite = stop(process, server.stop_signal, server.grace_seconds)
    how = "stopped" if polite else "killed, it did not end by itself" if was_alive else "had ended before"
    progress.done(server.name, how)
