"""Take a backup: note the watermarks while the server runs, dump its files once it is stopped."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workers.config.settings import Neo4jSettings
from workers.core.errors import ProblemsFound
from workers.ops.backup.manifest import ENDING, Manifest, Noted, into_place, read_json, sha256_of, write_json
from workers.ops.backup.neo4j_admin import Neo4jAdmin
from workers.ops.backup.server import noted, run_command

NOTED = "noted.json"
NOTED_FOR = timedelta(minutes=15)
"""How old a note may be: a worker that ran on after it has moved its watermarks further in the dump."""


def backup(settings: Neo4jSettings, folder: Path, stop: str | None = None, start: str | None = None) -> Path:
    """Write a dump and its manifest into the folder; return the manifest.

    ``stop`` and ``start`` are commands for a server that runs. Raises ``ProblemsFound`` while it runs, with its
    watermarks noted for the next call; ``Misconfigured``.
    """
    admin = Neo4jAdmin(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    running = asyncio.run(noted(settings))
    if running:
        write_json(running, folder / NOTED)
        if not stop:
            raise ProblemsFound(still_runs(settings, "Its watermarks are noted: stop it, and run this again"))
        run_command("--stop", stop)
    with started_after(start if running else None):
        return _dumped(settings, admin, folder, _note_of(folder))


def still_runs(settings: Neo4jSettings, then: str) -> str:
    """Return the sentence about a server that runs."""
    return (
        f"Neo4j at {settings.uri} runs, and its Community edition can be dumped and loaded only while it is stopped. "
        f"{then}, or add --stop and --start with its commands"
    )


@contextmanager
def started_after(start: str | None) -> Iterator[None]:
    """Start the server again at the end, also after a failure: it served before."""
    try:
        yield
    finally:
        if start:
            run_command("--start", start)


def _note_of(folder: Path) -> Noted:
    file = folder / NOTED
    if not file.exists():
        raise ProblemsFound(f"{file} is missing: run this once while Neo4j runs, which notes its watermarks")
    note = read_json(Noted, file)
    if (age := datetime.now(UTC) - note.at) > NOTED_FOR:
        raise ProblemsFound(
            f"the watermarks in {file} are {age.total_seconds() / 60:,.0f} minutes old: start Neo4j, and run this again"
        )
    return note


def _dumped(settings: Neo4jSettings, admin: Neo4jAdmin, folder: Path, note: Noted) -> Path:
    if asyncio.run(noted(settings)):
        raise ProblemsFound(still_runs(settings, "Stop it, and run this again"))
    at = datetime.now(UTC)
    name = f"{settings.database}-{at:%Y%m%dT%H%M%SZ}"
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as beside:
        dump = admin.dump(Path(beside))
        dump.chmod(0o600)
        size, digest = dump.stat().st_size, sha256_of(dump)
        into_place(dump, folder / f"{name}.dump")
    manifest = folder / f"{name}{ENDING}"
    made = Manifest(taken_at=at, dump=f"{name}.dump", bytes=size, sha256=digest, graph=note)
    write_json(made, manifest)  # the last step: a dump without it is no backup
    (folder / NOTED).unlink()
    return manifest
