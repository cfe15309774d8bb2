"""Start one server and wait until it is ready."""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workers.core.errors import MemoryGraphError, Unreachable
from workers.dev.stack.go_programs import build, is_built
from workers.dev.stack.home import CACHE
from workers.dev.stack.jars import fetch
from workers.dev.stack.logs import crash_report
from workers.dev.stack.ports import accepts, choose_port, is_free
from workers.dev.stack.process import ProcessIdentity, is_alive, listens_on, spawn, stop
from workers.dev.stack.progress import StackProgress
from workers.dev.stack.server import Instance, LocalServer, all_ports, nothing_to_prepare
from workers.dev.stack.state import ServerState, StackState, all_states
from workers.dev.stack.tls.files import StackTls

READY_TIMEOUT_SECONDS = 180
POLL_SECONDS = 0.2
ATTEMPTS = 5


def new_password() -> str:
    """Return a random password of hex digits, which never begins with "-"."""
    return secrets.token_hex(18)


class PortTaken(MemoryGraphError):
    """Another process took the chosen port before the server listened on it."""


@dataclass(slots=True)
class Starter:
    """Starts the servers of one ``up`` in parallel, one thread for each server."""

    home: Path
    state: StackState
    progress: StackProgress
    well_known_ports: bool
    lock: threading.Lock = field(default_factory=threading.Lock)
    halt: threading.Event = field(default_factory=threading.Event)

    def start(self, server: LocalServer) -> None:
        """Start ``server`` and wait until it is ready; raises Unreachable when it fails.

        The state is saved as soon as there is a process.
        """
        began = time.monotonic()
        self.progress.step(server.name, "checking files")
        jars = fetch(server.name, server.jar_sets, self.progress, self.halt)
        self._build(server)
        for attempt in range(ATTEMPTS):
            instance = self._instance(server, jars, fresh_ports=attempt > 0)
            process = self._spawn(server, instance)
            try:
                self._wait_until_ready(server, instance, process)
            except PortTaken:
                stop(process, server.stop_signal, server.grace_seconds)
                self.progress.step(server.name, "another process has taken its port, trying another port")
                continue
            if server.admit is not nothing_to_prepare and instance.tls:
                self.progress.step(server.name, "admitting its clients")
                server.admit(instance)
            seconds, port = time.monotonic() - began, instance.ports[next(iter(server.ports))]
            self.progress.done(server.name, f"ready after {seconds:.1f} s on port {port}")
            return
        raise Unreachable(f"{server.name} found no free port in {ATTEMPTS} attempts; see {instance.log}.")

    def _build(self, server: LocalServer) -> None:
        cache = self.home / CACHE
        for program in server.go_programs:
            if not is_built(program, cache):
                self.progress.step(server.name, f"building {program}, once, for some minutes")
            build(program, cache)

    def _instance(self, server: LocalServer, jars: Mapping[str, list[Path]], *, fresh_ports: bool) -> Instance:
        with self.lock:
            known = self.state.servers.get(server.name, ServerState())
            ports = self._ports(server, {} if fresh_ports else known.ports, again=fresh_ports)
            names = (*server.secrets, *(server.secure_secrets if self.state.secure else ()))
            passwords = {name: known.secrets.get(name) or new_password() for name in names}
            instance = Instance(
                stack=self.state.name,
                folder=self.state.folder / server.name,
                cache=self.home / CACHE,
                ports=ports,
                secrets=passwords,
                environment={k: v for need in server.needs for k, v in self.state.servers[need].environment.items()},
                tls=StackTls(self.state.folder) if self.state.secure else None,
                jars=jars,
            )
            self._remember(server, instance, None)
            return instance

    def _ports(self, server: LocalServer, known: Mapping[str, int], *, again: bool) -> dict[str, int]:
        """Return last time's ports, else the well-known ones, else others; none of another stack's."""
        others = [each for each in all_states(self.home) if each.name != self.state.name]
        rest = [state for name, state in self.state.servers.items() if name != server.name]
        rest += [state for stack in others for state in stack.servers.values()]
        taken = {port for state in rest for port in state.ports.values()}
        ports: dict[str, int] = {}
        for role, well_known in all_ports(server, secure=self.state.secure).items():
            wanted = [known[role]] if role in known else []
            wanted += [well_known] if self.well_known_ports and not again else []
            ports[role] = choose_port(wanted, taken | set(ports.values()))
        return ports

    def _spawn(self, server: LocalServer, instance: Instance) -> ProcessIdentity:
        self.progress.step(server.name, "starting")
        instance.folder.mkdir(parents=True, exist_ok=True)
        if instance.log.exists():
            instance.log.replace(instance.log.with_name("log.1"))
        server.prepare(instance)
        command = server.command(instance)
        with self.lock:
            if self.halt.is_set():
                raise Unreachable(f"{server.name} was not started, because another server failed.")
            process = spawn(command.argv, command.environment, instance.folder, instance.log)
            self._remember(server, instance, process)
        return process

    def _remember(self, server: LocalServer, instance: Instance, process: ProcessIdentity | None) -> None:
        self.state.servers[server.name] = ServerState(
            ports=dict(instance.ports),
            secrets=dict(instance.secrets),
            environment=server.exports(instance),
            process=process,
        )
        self.state.save()

    def _wait_until_ready(self, server: LocalServer, instance: Instance, process: ProcessIdentity) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        ports = list(instance.ports.values())
        while not (server.ready(instance) and listens_on(process, ports)):
            if not is_alive(process):
                if not all(is_free(port) for port in ports):
                    raise PortTaken
                raise Unreachable(crash_report(server.name, instance.log, "ended while starting"))
            if any(accepts(port) and not listens_on(process, [port]) and is_alive(process) for port in ports):
                raise PortTaken
            if time.monotonic() > deadline:
                event = f"was not ready after {READY_TIMEOUT_SECONDS} s"
                raise Unreachable(crash_report(server.name, instance.log, event))
            if self.halt.wait(POLL_SECONDS):
                raise Unreachable(f"the start of {server.name} was given up, because another server failed.")
