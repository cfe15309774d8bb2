"""Quix Streams in its own virtual environment: it is measured, and is no dependency."""

import subprocess
import sys
from pathlib import Path

from workers.core.errors import Unreachable

REQUIREMENT = "quixstreams[neo4j,avro]==3.28.1"


def quix_python(folder: Path) -> Path:
    """Return the interpreter with Quix Streams; install it the first time. Raises ``Unreachable``."""
    home = folder / REQUIREMENT.replace("[neo4j,avro]==", "-")
    python, installed = home / "bin" / "python", home / "installed"
    if installed.exists():
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True, capture_output=True)  # noqa: S603 - our own interpreter
        subprocess.run(  # noqa: S603 - the interpreter just made
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT],
            check=True,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        raise Unreachable(
            f"{REQUIREMENT} cannot be installed into {home}: look at pip's index settings, or leave it out with --only "
            f"({str(error.stderr).strip()[-300:]})"
        ) from error
    installed.touch()
    return python
