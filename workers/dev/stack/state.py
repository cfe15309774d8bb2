"""What a stack remembers between two commands: one JSON file, for its owner's eyes only."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field

from workers.dev.stack.process import Identity

STATE_FILE = "state.json"


class ServerState(BaseModel):
    """One server of a stack. ``process`` is None when it is not meant to run, or runs elsewhere (``external``)."""

    ports: dict[str, int] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)
    process: Identity | None = None
    external: bool = False


class StackState(BaseModel):
    """A stack: its folder (not stored) and its servers by name."""

    name: str
    folder: Path = Field(exclude=True)
    servers: dict[str, ServerState] = Field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which programs reach the servers of this stack."""
        return {name: value for server in self.servers.values() for name, value in server.environment.items()}

    def save(self) -> None:
        """Write the state file, all or nothing, readable for its owner only: it holds passwords."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f".{STATE_FILE}.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self.model_dump_json(indent=2))
        fresh.replace(self.folder / STATE_FILE)


def load_state(home: Path, name: str) -> StackState:
    """The state of the stack ``name``; an empty one when there is no such stack."""
    folder = home / name
    file = folder / STATE_FILE
    if not file.exists():
        return StackState(name=name, folder=folder)
    return StackState.model_validate({**json.loads(file.read_bytes()), "folder": folder})


def all_states(home: Path) -> Iterator[StackState]:
    """Every stack under ``home``, up or down."""
    for file in sorted(home.glob(f"*/{STATE_FILE}")):
        yield load_state(home, file.parent.name)
