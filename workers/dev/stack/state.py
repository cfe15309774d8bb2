"""The state of a stack: one JSON file that only its owner can read."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field

from workers.dev.stack.process import ProcessIdentity

STATE_FILE = "state.json"


class ServerState(BaseModel):
    """One server of a stack.

    ``process`` is None when the server is stopped, or when the stack uses an ``external`` one instead.
    """

    ports: dict[str, int] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)
    process: ProcessIdentity | None = None
    external: bool = False


class StackState(BaseModel):
    """A stack: its folder (not stored), whether it speaks TLS, and its servers by name."""

    name: str
    folder: Path = Field(exclude=True)
    secure: bool = False
    servers: dict[str, ServerState] = Field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which programs reach the servers of this stack."""
        return {name: value for server in self.servers.values() for name, value in server.environment.items()}

    def save(self) -> None:
        """Replace the state file atomically. Only the owner may read it, because it holds passwords."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f".{STATE_FILE}.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self.model_dump_json(indent=2))
        fresh.replace(self.folder / STATE_FILE)


def load_state(home: Path, name: str) -> StackState:
    """Return the state of the stack ``name``; empty for an unknown stack."""
    folder = home / name
    file = folder / STATE_FILE
    if not file.exists():
        return StackState(name=name, folder=folder)
    return StackState.model_validate({**json.loads(file.read_bytes()), "folder": folder})


def stack_names(home: Path) -> list[str]:
    """Return the names of all stacks under ``home``, running or stopped."""
    return sorted(file.parent.name for file in home.glob(f"*/{STATE_FILE}"))


def all_states(home: Path) -> Iterator[StackState]:
    """Yield the state of every stack under ``home``, running or stopped."""
    for name in stack_names(home):
        yield load_state(home, name)
