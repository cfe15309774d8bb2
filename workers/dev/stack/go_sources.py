"""Files of Go modules, such as schemas: downloaded, compared with a hash, not compiled."""

import json
import tempfile
from pathlib import Path

from workers.core.errors import Misconfigured
from workers.dev.stack.go_programs import install_go, run

LOCK = Path(__file__).parent / "locks" / "sources" / "go.sum"
"""The form of each line is that of any ``go.sum``: module, version, hash."""


def locked_sources() -> dict[str, tuple[str, str]]:
    """Return version and hash of each module."""
    lines = (line.split() for line in LOCK.read_text().splitlines())
    return {module: (version, digest) for module, version, digest in lines}


def fetch_source(module: str, cache: Path) -> Path:
    """Return the folder of a locked module; Go keeps it in its own cache. Raises Unreachable, Misconfigured."""
    version, digest = locked_sources()[module]
    with tempfile.TemporaryDirectory(prefix="memory-graph-") as elsewhere:  # outside of any module
        download = ("-C", elsewhere, "mod", "download", "-json", f"{module}@{version}")
        found = json.loads(run((install_go(cache), *download), f"{module} could not be downloaded"))
    if found["Sum"] != digest:
        raise Misconfigured(f"{module} {version} has the hash {found['Sum']}, {LOCK} says {digest}: do not use it")
    return Path(found["Dir"])
