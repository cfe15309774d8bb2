"""Where stacks live: one folder that version control ignores."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.core.errors import Misconfigured

DEFAULT_NAME = "dev"
CACHE = "cache"


def stack_home() -> Path:
    """``MEMORY_GRAPH_HOME``, or ``.memory-graph`` in the current folder. The stack's folder is no worker's setting."""
    return Path(os.environ.get("MEMORY_GRAPH_HOME") or ".memory-graph").expanduser().absolute()


def checked(name: str) -> str:
    """``name`` when it can name a stack; raises Misconfigured otherwise."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", name) or name == CACHE:
        raise Misconfigured(f"--name {name!r} cannot name a stack: use small letters, digits and hyphens.")
    return name


@contextmanager
def locked(home: Path, name: str) -> Iterator[Path]:
    """One command at a time changes the stack ``name``; another waits.

    The lock ends with the process, whatever happens. Yields the lock file.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{checked(name)}.lock"
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                yield path
                return
            # else: a reset has deleted the file for which we waited
