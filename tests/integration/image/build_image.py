"""Build the image of this repository, from wheels that are downloaded once, so that builds need no index."""

import hashlib
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.image.build import Build, Image
from tests.integration.image.dockerfile import stages

ROOT = Path(__file__).parents[3]
DOWNLOAD = ("--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:")


def build_image(context: Path, wheels: Path, base: Path, folder: Path) -> Image:
    """Build every stage of the context, below ``folder``, and return the last one."""
    build = Build(context, wheels, base, folder)
    return [build.execute(stage) for stage in stages(ROOT / "Dockerfile")][-1]


def wheelhouse(lock: Path, home: Path) -> Path:
    """Return a folder with every wheel that the lock names for this Python. It stays below ``home``."""
    name = f"{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}-{sys.implementation.cache_tag}"
    folder = home / "image" / "wheels" / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as unfinished:
            command = [sys.executable, "-m", "pip", "download", *DOWNLOAD]
            subprocess.run([*command, "--requirement", lock, "--dest", f"{unfinished}/wheels"], check=True)
            Path(unfinished, "wheels").rename(folder)
    return folder
