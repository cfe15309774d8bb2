"""Restore a backup, and compare the graph with its manifest once the server runs again."""

import asyncio
import tempfile
from pathlib import Path
from typing import NamedTuple

from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.backup.manifest import Manifest, Mark, Noted, sha256_of
from workers.ops.backup.neo4j_admin import Neo4jAdmin
from workers.ops.backup.server import noted, run_command
from workers.ops.backup.take import started_after, still_runs


def restore(
    settings: Neo4jSettings, file: Path, manifest: Manifest, stop: str | None = None, start: str | None = None
) -> None:
    """Replace the database by that of the backup; start the server only if ``start`` says how.

    Raises ``ProblemsFound`` while it runs, or where the dump is another one; ``Misconfigured``.
    """
    admin = Neo4jAdmin(settings)
    if manifest.graph.database != settings.database:
        raise Misconfigured(f"the backup is of the database {manifest.graph.database!r}: set NEO4J_DATABASE to it")
    dump = complete_dump(file, manifest)
    if asyncio.run(noted(settings)):
        if not stop:
            raise ProblemsFound(still_runs(settings, "Stop it, and run this again"))
        run_command("--stop", stop)
    with started_after(start), tempfile.TemporaryDirectory(prefix="memory-graph-") as folder:
        admin.load(dump, Path(folder))


def complete_dump(file: Path, manifest: Manifest) -> Path:
    """Return the dump beside the manifest. Raises ``ProblemsFound`` where it is missing or another one."""
    dump = file.with_name(manifest.dump)
    if not dump.exists():
        raise ProblemsFound(f"{dump} is missing, which {file} names: copy it there, or restore another backup")
    if sha256_of(dump) != manifest.sha256:
        raise ProblemsFound(f"{dump} is not what {file} says (its SHA-256 differs): restore another backup")
    return dump


class Compared(NamedTuple):
    """One partition: where it stood in the backup, and where it stands in the graph."""

    backup: Mark
    graph: Mark | None

    @property
    def fault(self) -> str | None:
        """Say why this is not the graph of the backup; ``None`` if it can be.

        A graph may be further: workers wrote between note and stop, or read on since its start.
        """
        here = self.graph
        if here is None:
            return "has no watermark"
        if here.epoch < self.backup.epoch:
            return f"is in epoch {here.epoch}, before epoch {self.backup.epoch} of the backup"
        if here.epoch == self.backup.epoch and here.offset < self.backup.offset:
            return f"is at offset {here.offset:,}, before offset {self.backup.offset:,} of the backup"
        return None


def compared(manifest: Manifest, graph: Noted) -> list[Compared]:
    """Return each partition of the backup, beside that of the graph."""
    here = {mark.place: mark for mark in graph.marks}
    return [Compared(mark, here.get(mark.place)) for mark in manifest.graph.marks]


def require_restored(manifest: Manifest, graph: Noted) -> int:
    """Return how many partitions are exactly where the backup has them; the others are further.

    Raises ``ProblemsFound`` with the partitions that are behind it.
    """
    rows = compared(manifest, graph)
    faults = [f"{'/'.join(map(str, each.backup.place))} {each.fault}" for each in rows if each.fault]
    if faults:
        raise ProblemsFound(
            f"the graph is not that of the backup: {'; '.join(faults)}. Was it loaded into the server that runs?"
        )
    return sum(each.backup == each.graph for each in rows)
