"""What the files of an image are: kinds, modes, owners, contents."""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """One file, folder or symbolic link; ``content`` is a digest or the link's target."""

    mode: int
    uid: int
    gid: int
    size: int
    content: str


Tree = dict[str, Entry]


def tree(root: Path) -> Tree:
    """Return every path below the root, such as ``opt/memory-graph/bin``."""
    return {str(path.relative_to(root)): _entry(path) for path in _walk(root)}


def layers(image: Tree, base: Tree) -> Tree:
    """Return what the Dockerfile added or changed; a folder counts only if it is new."""
    return {path: entry for path, entry in image.items() if base.get(path) != entry}


def digest(image: Tree) -> str:
    """Return one digest over all paths."""
    return hashlib.sha256("\n".join(f"{path} {image[path]}" for path in sorted(image)).encode()).hexdigest()


def size_in_bytes(image: Tree) -> int:
    """Return the size of all files."""
    return sum(entry.size for entry in image.values())


def sizes_of_packages(image: Tree) -> Counter[str]:
    """Return the bytes of each folder of site-packages."""
    sizes: Counter[str] = Counter()
    for path, entry in image.items():
        _, found, below = path.partition("/site-packages/")
        sizes[below.split("/")[0] if found else path.split("/")[0]] += entry.size
    return sizes


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *files))


def _entry(path: Path) -> Entry:
    status = path.lstat()
    if stat.S_ISREG(status.st_mode):
        with path.open("rb") as file:
            content, size = hashlib.file_digest(file, "sha256").hexdigest(), status.st_size
    else:
        content, size = str(path.readlink()) if path.is_symlink() else "", 0
    return Entry(status.st_mode, status.st_uid, status.st_gid, size, content)
