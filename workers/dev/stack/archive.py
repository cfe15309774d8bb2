"""Unpack an archive once per content, so that any number of stacks share it."""

import tarfile
import tempfile
from pathlib import Path

from workers.dev.stack.download import sha256_of


def unpacked(archive: Path, cache: Path) -> Path:
    """The folder under ``cache`` with the contents of a ``.tar.gz``; unpacks it when it is not there yet."""
    folder = cache / f"{archive.name.removesuffix('.tar.gz')}-{sha256_of(archive)[:12]}"
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=cache) as temporary:
        contents = Path(temporary) / "contents"
        with tarfile.open(archive) as tar:
            tar.extractall(contents, filter="data")
        try:
            contents.rename(folder)
        except OSError:
            if not folder.exists():  # else: another stack was quicker, with the same contents
                raise
    return folder
