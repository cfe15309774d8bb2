"""``neo4j-admin`` on this machine: it dumps and loads the files of a server that is stopped."""

import os
import shutil
import subprocess
from pathlib import Path

from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, ProblemsFound

PROGRAM = "neo4j-admin"
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "JAVA_HOME", "JAVA_OPTS", "HEAP_SIZE", "NEO4J_CONF")
"""What it may need of the environment; our passwords are not in it."""
IN_USE = "in use"


class Neo4jAdmin:
    """Runs it for one server, that of ``NEO4J_HOME``. Raises ``Misconfigured`` where there is none."""

    def __init__(self, settings: Neo4jSettings) -> None:
        self._settings = settings
        self._program = _program(settings)

    def dump(self, folder: Path) -> Path:
        """Write the database into a folder; return the file. Raises ``ProblemsFound``."""
        self._run("dump", f"--to-path={folder}", "dumped")
        return self._file_in(folder)

    def load(self, dump: Path, folder: Path) -> None:
        """Replace the database by that of a dump, with an empty ``folder`` for its use. Raises ``ProblemsFound``."""
        self._file_in(folder).symlink_to(dump.absolute())  # it finds a dump by its name
        self._run("load", f"--from-path={folder}", "loaded")

    def _file_in(self, folder: Path) -> Path:
        return folder / f"{self._settings.database}.dump"

    def _run(self, verb: str, where: str, done: str) -> None:
        database = self._settings.database
        ended = subprocess.run(  # noqa: S603 - the program is the operator's own
            [self._program, "database", verb, database, where, "--overwrite-destination=true"],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode == 0:
            return
        if IN_USE in ended.stderr + ended.stdout:
            raise ProblemsFound(f"a Neo4j server uses the files of database {database!r}: stop it, and run this again")
        said = (ended.stderr or ended.stdout).strip().splitlines() or [f"exit code {ended.returncode}"]
        raise ProblemsFound(f"the database {database!r} was not {done}: {self._program} says: {said[-1].strip()}")

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return kept | ({"NEO4J_HOME": str(self._settings.home)} if self._settings.home else {})


def _program(settings: Neo4jSettings) -> Path:
    if settings.home:
        program = settings.home / "bin" / PROGRAM
        if os.access(program, os.X_OK):
            return program
        raise Misconfigured(f"NEO4J_HOME={settings.home} has no bin/{PROGRAM}: set it to the home folder of the server")
    if found := shutil.which(PROGRAM):
        return Path(found)
    raise Misconfigured(
        f"there is no {PROGRAM} on the PATH: run this on the machine that has the server's files, or set NEO4J_HOME"
    )
