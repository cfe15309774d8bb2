"""What a kind of server is to the stack, in one small value: files, command, probe, and what programs need to know."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Site:
    """Where one server of one stack lives.

    ``environment`` holds what the servers that it needs export; ``jars`` the local files of its jar sets by set.
    """

    stack: str
    folder: Path
    cache: Path
    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    jars: Mapping[str, Sequence[Path]] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """Standard output and error of the latest start."""
        return self.folder / "log"


@dataclass(frozen=True, slots=True)
class Command:
    """How to start it, and all of its environment."""

    argv: Sequence[str]
    environment: Mapping[str, str]


def nothing_to_prepare(_site: Site) -> None:
    """For servers without files of their own."""


def no_trouble(_environment: Mapping[str, str]) -> None:
    """For servers that do all they should when they run."""


@dataclass(frozen=True, slots=True)
class Server:
    """A kind of server.

    ``ports``: well-known port by role, the one that people know first. ``replaced_by``: the setting that, when the
    environment has it, names a server to use instead. ``passed_on``: further settings of that one.
    ``needs``: servers that must be ready before. ``prepare`` writes its files and may be repeated. ``settle`` puts
    into it what programs expect to find there, once all servers of the stack are ready, at every ``up``; it is given
    the stack's settings and returns what to tell. ``trouble`` says what is wrong with it although it runs.
    """

    name: str
    title: str
    ports: Mapping[str, int]
    replaced_by: str
    command: Callable[[Site], Command]
    ready: Callable[[Site], bool]
    exports: Callable[[Site], dict[str, str]]
    prepare: Callable[[Site], None] = nothing_to_prepare
    settle: Callable[[Mapping[str, str]], str] | None = None
    trouble: Callable[[Mapping[str, str]], str | None] = no_trouble
    passed_on: tuple[str, ...] = ()
    jar_sets: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 30


def plain_environment() -> dict[str, str]:
    """What any process needs; nothing that could change a server's behaviour by accident (JAVA_TOOL_OPTIONS, …)."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}
