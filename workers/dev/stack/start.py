"""Start one server and stay until it is ready, or say why it is not."""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workers.core.errors import Unreachable
from workers.dev.stack.home import CACHE
from workers.dev.stack.jars import fetch
from workers.dev.stack.ports import choose_port, is_free
from workers.dev.stack.probe import accepts, tail
from workers.dev.stack.process import Identity, is_alive, listens_on, spawn, stop
from workers.dev.stack.progress import Report
from workers.dev.stack.server import Server, Site
from workers.dev.stack.state import ServerState, StackState, all_states

READY_TIMEOUT_SECONDS = 180
POLL_SECONDS = 0.2
ATTEMPTS = 5
LOG_LINES = 20


class PortTaken(Exception):
    """Another process got the port between our choice and the server's bind."""


@dataclass(slots=True)
class Starting:
    """What the starts of one ``up`` share: several run at once, one for each server."""

    home: Path
    state: StackState
    report: Report
    well_known_ports: bool
    lock: threading.Lock = field(default_factory=threading.Lock)
    halt: threading.Event = field(default_factory=threading.Event)

    def server(self, server: Server) -> None:
        """Start ``server``; its state is saved as soon as there is a process. Raises Unreachable when it fails."""
        began = time.monotonic()
        self.report.step(server.name, "checking files")
        jars = fetch(server.name, server.jar_sets, self.report, self.halt)
        for attempt in range(ATTEMPTS):
            site = self._site(server, jars, fresh_ports=attempt > 0)
            process = self._spawn(server, site)
            try:
                self._wait_until_ready(server, site, process)
            except PortTaken:
                stop(process, server.stop_signal, server.grace_seconds)
                self.report.step(server.name, "its port was taken meanwhile, trying another")
                continue
            self.report.done(
                server.name, f"ready after {time.monotonic() - began:.1f} s on port {first_port(server, site)}"
            )
            return
        raise Unreachable(f"{server.name} found no port of its own in {ATTEMPTS} attempts; see {site.log}.")

    def _site(self, server: Server, jars: Mapping[str, list[Path]], *, fresh_ports: bool) -> Site:
        with self.lock:
            known = self.state.servers.get(server.name, ServerState())
            ports = self._ports(server, {} if fresh_ports else known.ports, again=fresh_ports)
            passwords = {name: known.secrets.get(name) or secrets.token_urlsafe(18) for name in server.secrets}
            site = Site(
                stack=self.state.name,
                folder=self.state.folder / server.name,
                cache=self.home / CACHE,
                ports=ports,
                secrets=passwords,
                environment={k: v for need in server.needs for k, v in self.state.servers[need].environment.items()},
                jars=jars,
            )
            self._remember(server, site, None)
            return site

    def _ports(self, server: Server, known: Mapping[str, int], *, again: bool) -> dict[str, int]:
        """The ports of last time, else the well-known ones, else others; none that any stack remembers."""
        others = [each for each in all_states(self.home) if each.name != self.state.name]
        rest = [state for name, state in self.state.servers.items() if name != server.name]
        rest += [state for stack in others for state in stack.servers.values()]
        taken = {port for state in rest for port in state.ports.values()}
        ports: dict[str, int] = {}
        for role, well_known in server.ports.items():
            wanted = [known[role]] if role in known else []
            wanted += [well_known] if self.well_known_ports and not again else []
            ports[role] = choose_port(wanted, taken | set(ports.values()))
        return ports

    def _spawn(self, server: Server, site: Site) -> Identity:
        self.report.step(server.name, "starting")
        site.folder.mkdir(parents=True, exist_ok=True)
        if site.log.exists():
            site.log.replace(site.log.with_name("log.1"))
        server.prepare(site)
        command = server.command(site)
        with self.lock:
            if self.halt.is_set():
                raise Unreachable(f"{server.name} was not started: another server failed.")
            process = spawn(command.argv, command.environment, site.folder, site.log)
            self._remember(server, site, process)
        return process

    def _remember(self, server: Server, site: Site, process: Identity | None) -> None:
        self.state.servers[server.name] = ServerState(
            ports=dict(site.ports), secrets=dict(site.secrets), environment=server.exports(site), process=process
        )
        self.state.save()

    def _wait_until_ready(self, server: Server, site: Site, process: Identity) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        ports = list(site.ports.values())
        while not (server.ready(site) and listens_on(process, ports)):
            if not is_alive(process):
                if not all(is_free(port) for port in ports):
                    raise PortTaken
                raise Unreachable(crash_report(server.name, site.log, "ended while starting"))
            if any(accepts(port) and not listens_on(process, [port]) and is_alive(process) for port in ports):
                raise PortTaken
            if time.monotonic() > deadline:
                raise Unreachable(crash_report(server.name, site.log, f"not ready after {READY_TIMEOUT_SECONDS} s"))
            if self.halt.wait(POLL_SECONDS):
                raise Unreachable(f"{server.name} was given up: another server failed.")


def first_port(server: Server, site: Site) -> int:
    """The port that people know the server by."""
    return site.ports[next(iter(server.ports))]


def crash_report(name: str, log: Path, what: str) -> str:
    """One sentence and the end of the log."""
    said = "\n".join(f"    {line}" for line in tail(log, LOG_LINES).splitlines())
    return f"{name} {what}; the end of {log}:\n{said or '    (it wrote nothing)'}"
