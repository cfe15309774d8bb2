"""A migration as it lies in ``migrations/``: numbered, and known by the checksum of what it does."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from workers.core.errors import Misconfigured

FILE_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.cypher")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, its statements in order, and the SHA-256 of the statements as hex.

    Comments are no part of the checksum: rewording one is no drift.
    """

    version: int
    name: str
    statements: tuple[str, ...]
    checksum: str

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


def load_migrations(folder: Traversable | None = None) -> list[Migration]:
    """Read all of ``folder`` (by default the package's own), in order of their numbers.

    Raises ``Misconfigured`` where a number is missing or used twice.
    """
    folder = folder or files("workers.adapters.graph.migrations")
    migrations = sorted(
        (parse(entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".cypher")),
        key=lambda migration: migration.version,
    )
    versions = [migration.version for migration in migrations]
    if versions != list(range(1, len(versions) + 1)):
        raise Misconfigured(f"migrations must be numbered 1, 2, 3 … without gap or repetition, not {versions}")
    return migrations


def parse(file_name: str, text: str) -> Migration:
    """Split a file at the semicolons that end its lines; whole-line ``//`` comments drop out."""
    match = FILE_NAME.fullmatch(file_name)
    if match is None:
        raise Misconfigured(f"migration {file_name} must be named NNNN_what_it_does.cypher")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("//")]
    parts = re.split(r";[ \t]*(?:\n|$)", "\n".join(lines))
    statements = tuple(part.strip() for part in parts if part.strip())
    checksum = hashlib.sha256(";\n".join(statements).encode()).hexdigest()
    return Migration(int(match["version"]), match["name"], statements, checksum)
