"""The manifest beside a dump: which graph is in it, and where each partition stood."""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from workers.core.errors import Misconfigured

ModelT = TypeVar("ModelT", bound=BaseModel)

ENDING = ".manifest.json"


class Mark(BaseModel):
    """Where the graph stood in one partition: the last offset in it, of the topic with this id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    worker: str
    topic: str
    partition: int
    offset: int
    epoch: int
    topic_id: str

    @property
    def place(self) -> tuple[str, str, int]:
        """Return worker, topic and partition."""
        return self.worker, self.topic, self.partition


class Noted(BaseModel):
    """What only a running server says: which one it is, and its watermarks at that time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    database: str
    edition: str
    version: str
    marks: tuple[Mark, ...]


class Manifest(BaseModel):
    """One complete backup. ``dump`` is a file beside the manifest; ``taken_at`` is when the dump began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: Literal[1] = 1
    taken_at: datetime
    dump: str
    bytes: int
    sha256: str
    graph: Noted


def read_json(model: type[ModelT], file: Path) -> ModelT:
    """Read a file of this model. Raises ``Misconfigured`` where it is none."""
    try:
        return model.model_validate_json(file.read_bytes())
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read ({error.strerror}): name another file") from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the document"
        raise Misconfigured(f"{file} is no manifest of a backup ({where}: {fault['msg']}): name another one") from None


def write_json(model: BaseModel, file: Path) -> None:
    """Write a file in one step: a reader finds the whole of it or nothing. Only its owner may read it."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(model.model_dump_json(indent=2) + "\n")
    into_place(fresh, file)


def into_place(fresh: Path, file: Path) -> None:
    """Rename a complete file; both, content and name, are on the disk afterwards."""
    _to_disk(fresh)
    fresh.replace(file)
    _to_disk(file.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def latest(path: Path) -> Path:
    """Return the manifest of a backup: the file itself, or the newest one of a folder. Raises ``Misconfigured``."""
    if not path.is_dir():
        return path
    found = sorted(path.glob(f"*{ENDING}"))  # their names begin with the time
    if not found:
        raise Misconfigured(f"{path} has no *{ENDING}: name the folder that `memory-graph graph backup` wrote to")
    return found[-1]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
