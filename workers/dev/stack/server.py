"""A kind of server: its files, command, ports, readiness check, and settings for clients."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workers.dev.stack.tls.files import StackTls


@dataclass(frozen=True, slots=True)
class Instance:
    """One server of one stack: its folder, ports and passwords.

    ``environment`` holds the settings of the servers that it needs; ``tls`` the certificates of a secure stack;
    ``jars`` its local files, by jar set.
    """

    stack: str
    folder: Path
    cache: Path
    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    tls: StackTls | None = None
    jars: Mapping[str, Sequence[Path]] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """Standard output and error of the latest start."""
        return self.folder / "log"


@dataclass(frozen=True, slots=True)
class Command:
    """The command line that starts a server, and its whole environment."""

    argv: Sequence[str]
    environment: Mapping[str, str]


def nothing_to_prepare(_instance: Instance) -> None:
    """Do nothing: the server needs no files."""


def no_trouble(_environment: Mapping[str, str]) -> None:
    """Return None: the server works whenever it runs."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A kind of server that a stack can run.

    - ``ports``: the well-known port of each role; the best-known role comes first.
    - ``address_variable``: if the environment sets it, the stack uses that server and starts none.
    - ``other_variables``: further settings of that other server (user, password).
    - ``needs``: servers that must be ready before this one starts.
    - ``prepare``: writes the server's files; safe to repeat.
    - ``provision``: creates what clients need in the server (tables, topics, a connector). Every ``up`` calls it with
      the stack's settings once all servers are ready; it returns a text for the user.
    - ``secure_ports``, ``secure_secrets``: further ones of a secure stack.
    - ``admit``: gives its clients users, once it is ready and before other servers start; for a secure stack.
    - ``exports``: the settings with which clients reach the server.
    - ``go_programs``: programs of ``go_programs.py``, built before the first start.
    - ``trouble``: says why a running server does not work, or returns None.
    """

    name: str
    title: str
    ports: Mapping[str, int]
    address_variable: str
    command: Callable[[Instance], Command]
    ready: Callable[[Instance], bool]
    exports: Callable[[Instance], dict[str, str]]
    prepare: Callable[[Instance], None] = nothing_to_prepare
    provision: Callable[[Mapping[str, str]], str] | None = None
    trouble: Callable[[Mapping[str, str]], str | None] = no_trouble
    other_variables: tuple[str, ...] = ()
    jar_sets: tuple[str, ...] = ()
    go_programs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    secure_ports: Mapping[str, int] = field(default_factory=dict)
    secure_secrets: tuple[str, ...] = ()
    admit: Callable[[Instance], None] = nothing_to_prepare
    needs: tuple[str, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 30


def all_ports(server: LocalServer, *, secure: bool) -> dict[str, int]:
    """Return the well-known port of each role."""
    return {**server.ports, **(server.secure_ports if secure else {})}


def authority_of(instance: Instance) -> Path | None:
    """Return the file of the authority that its clients must trust; ``None`` without TLS."""
    return instance.tls.authority if instance.tls else None


def plain_environment() -> dict[str, str]:
    """Return the few environment variables that every process needs.

    Variables that could change a server's behaviour by accident (JAVA_TOOL_OPTIONS, …) are not included.
    """
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}
