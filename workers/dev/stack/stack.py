"""A stack up, down and wiped."""

import os
import shutil
import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from workers.core.errors import Unreachable
from workers.dev.stack.home import DEFAULT_NAME, locked, stack_home
from workers.dev.stack.probe import accepts, endpoint
from workers.dev.stack.process import is_alive, stop
from workers.dev.stack.progress import Report, Silent
from workers.dev.stack.server import Server
from workers.dev.stack.servers import SERVERS, names_for
from workers.dev.stack.start import Starting, crash_report
from workers.dev.stack.state import ServerState, StackState, load_state


def up(  # noqa: PLR0913 - the last three are for tests, by keyword only
    name: str = DEFAULT_NAME,
    extras: Sequence[str] = (),
    report: Report | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    home: Path | None = None,
    well_known_ports: bool = True,
) -> StackState:
    """Start what is not running yet of the stack ``name`` and return when all of it is ready.

    ``environment`` (default: this process's) may name servers to use instead of starting ones. ``well_known_ports``:
    try those first. A server that crashed since the last ``up`` is reported and started again. Raises Unreachable
    with the end of the log when a server fails, after stopping what this call has started; Misconfigured for an
    unknown extra. What cannot be put into servers that run (tables, a connector) raises the same, and they stay up.
    """
    home, report = home or stack_home(), report or Silent()
    wanted = names_for(tuple(extras))
    with locked(home, name):
        state = load_state(home, name)
        wanted = (*wanted, *(each for each, known in state.servers.items() if known.process and each not in wanted))
        starting = Starting(home, state, report, well_known_ports)
        missing = [
            server
            for server in (SERVERS[each] for each in wanted)
            if not _runs(server, state, report) and not _use_external(server, state, environment, report)
        ]
        _start_all(starting, missing)
        _settle(state, wanted, report)
        return state


def down(name: str = DEFAULT_NAME, report: Report | None = None, *, home: Path | None = None) -> StackState:
    """Stop exactly the processes that ``up`` started; data, ports and passwords stay for the next ``up``."""
    home, report = home or stack_home(), report or Silent()
    with locked(home, name):
        return _down(load_state(home, name), report)


def reset(name: str = DEFAULT_NAME, report: Report | None = None, *, home: Path | None = None) -> None:
    """Stop the stack and delete its folder: data, logs, ports, passwords."""
    home = home or stack_home()
    with locked(home, name) as lock_file:
        state = _down(load_state(home, name), report or Silent())
        if state.folder.exists():
            shutil.rmtree(state.folder)
        lock_file.unlink()


def _down(state: StackState, report: Report) -> StackState:
    _stop_all(state, list(state.servers), report)
    return state


def _runs(server: Server, state: StackState, report: Report) -> bool:
    """Whether it runs already; a crash since the last ``up`` is told."""
    known = state.servers.get(server.name)
    if known is None or known.process is None:
        return False
    if is_alive(known.process):
        report.done(server.name, "runs already")
        return True
    report.step(server.name, crash_report(server.name, state.folder / server.name / "log", "had crashed"))
    return False


def _use_external(server: Server, state: StackState, environment: Mapping[str, str] | None, report: Report) -> bool:
    """Take the server that the environment names, unless it is the stack's own (``eval $(… stack env)``)."""
    environment = os.environ if environment is None else environment
    address = environment.get(server.replaced_by)
    known = state.servers.get(server.name, ServerState())
    own = None if known.external else known.environment.get(server.replaced_by)
    if not address or address == own:
        return False
    host, port = endpoint(address, next(iter(server.ports.values())))
    if not accepts(port, host):
        raise Unreachable(
            f"{server.replaced_by} names a {server.title} at {host}:{port}, where nothing answers:"
            f" start it, or unset {server.replaced_by} to let the stack start its own."
        )
    given = {key: environment[key] for key in (server.replaced_by, *server.passed_on) if key in environment}
    # Ports and passwords of the stack's own server are kept: its data may be used again one day.
    state.servers[server.name] = known.model_copy(update={"environment": given, "external": True, "process": None})
    state.save()
    report.done(server.name, f"not started, {server.replaced_by} is set: {host}:{port}")
    return True


def _start_all(starting: Starting, servers: Sequence[Server]) -> None:
    """Start them at the same time, each after those that it needs; at the first failure stop them again."""
    if not servers:
        return
    ready = {server.name: threading.Event() for server in servers}

    def start(server: Server) -> None:
        for need in server.needs:
            while need in ready and not ready[need].wait(0.1):
                if starting.halt.is_set():
                    return
        starting.server(server)
        ready[server.name].set()

    with ThreadPoolExecutor(len(servers)) as pool:
        futures: list[Future[None]] = [pool.submit(start, server) for server in servers]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                if future.done():
                    future.result()
        except BaseException:  # also when a person presses Ctrl-C: leave nothing half started behind
            starting.halt.set()
            wait(futures)
            _stop_all(starting.state, [server.name for server in servers], starting.report)
            raise


def _settle(state: StackState, wanted: Collection[str], report: Report) -> None:
    """Put into the stack's own servers what belongs there; other people's are theirs."""
    for name, server in SERVERS.items():
        if name in wanted and server.settle and not state.servers[name].external:
            report.step(name, "settling")
            report.done(name, server.settle(state.environment))


def _stop_all(state: StackState, names: Sequence[str], report: Report) -> None:
    """Stop the named servers: first those that need others, then the rest at the same time."""
    running = [SERVERS[name] for name in names if name in state.servers and state.servers[name].process]
    with ThreadPoolExecutor(max(1, len(running))) as pool:
        for wave in ([each for each in running if each.needs], [each for each in running if not each.needs]):
            list(pool.map(lambda server: _stop_one(server, state, report), wave))
    for server in running:
        state.servers[server.name].process = None
    if running:
        state.save()


def _stop_one(server: Server, state: StackState, report: Report) -> None:
    process = state.servers[server.name].process
    if process is None:
        return
    report.step(server.name, "stopping")
    was_alive = is_alive(process)
    polite = stop(process, server.stop_signal, server.grace_seconds)
    report.done(
        server.name, "stopped" if polite else "killed, it did not end by itself" if was_alive else "had ended before"
    )
