"""The folder in which all stacks live; version control ignores it."""

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
    """Return ``MEMORY_GRAPH_HOME``, or ``.memory-graph`` in the current folder.

    This is not a field of ``Settings``, because no worker needs it.
    """
    return Path(os.environ.get("MEMORY_GRAPH_HOME") or ".memory-graph").expanduser().absolute()


def check_name(name: str) -> str:
    """Return ``name`` if it can name a stack; raises Misconfigured otherwise."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", name) or name == CACHE:
        raise Misconfigured(f"--name {name!r} cannot name a stack: use small letters, digits and hyphens.")
    return name


@contextmanager
def stack_lock(home: Path, name: str) -> Iterator[Path]:
    """Wait for the lock of the stack ``name`` and hold it.

    Only one command at a time changes a stack. The operating system releases the lock when the process ends. Yields the
    lock file.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{check_name(name)}.lock"
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                yield path
                return
            # Otherwise a reset has deleted the file while we waited for it: open the new one.
