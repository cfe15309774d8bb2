"""YAML with the line of every key, so that a fault can name its line."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from workers.core.errors import Misconfigured
from workers.core.one_line import one_line

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class LocatedDocument:
    """A document as plain values, the line (from 1) of every key in it, and the digest of its file."""

    values: dict[str, Any]
    lines: dict[Path, int] = field(default_factory=dict)
    digest: str = ""

    def line_of(self, path: Path) -> int:
        """Return the line of a key, or of the nearest key around it where the document does not have it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_located(file: FilePath) -> LocatedDocument:
    """Read one YAML document. Raises ``Misconfigured`` when it cannot be read, or is not a mapping."""
    content = read_content(file)
    try:
        root = YAML(typ="rt").load(content.decode())
    except UnicodeDecodeError:
        raise Misconfigured(f"{file} is not UTF-8 text; save it as UTF-8") from None
    except YAMLError as error:
        raise Misconfigured(_sentence(file, error)) from None
    except (ValueError, RecursionError) as error:  # such as 2026-99-99, which looks like a date
        raise Misconfigured(f"{file}:1: {error}; quote the value that YAML takes for something else") from None
    if not isinstance(root, CommentedMap):
        raise Misconfigured(f"{file}:1: not a mapping; start with `topics:` and `workers:`")
    lines: dict[Path, int] = {}
    return LocatedDocument(_plain(root, (), lines), lines, digest_of(content))


def read_content(file: FilePath) -> bytes:
    """Return the bytes of the file. Raises ``Misconfigured`` when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"{one_line(file)} cannot be read ({error.strerror}); set MEMORY_GRAPH_TOPOLOGY to the path of the file"
        ) from None


def digest_of(content: bytes) -> str:
    """Return the first 12 hex digits of the SHA-256 of a file's bytes, which is the name of its version."""
    return sha256(content).hexdigest()[:12]


def _sentence(file: FilePath, error: YAMLError) -> str:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    problem = error.problem if isinstance(error, MarkedYAMLError) else str(error)
    return f"{file}:{mark.line + 1 if mark else 1}: {' '.join(str(problem).split())}; correct the YAML there"


def _plain(node: Any, path: Path, lines: dict[Path, int]) -> Any:
    """Convert ruamel's containers into plain ones, and collect the line of every key."""
    if isinstance(node, CommentedMap):
        for key in node:
            lines[*path, str(key)] = node.lc.key(key)[0] + 1
        return {str(key): _plain(value, (*path, str(key)), lines) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            lines[*path, index] = node.lc.item(index)[0] + 1
        return [_plain(value, (*path, index), lines) for index, value in enumerate(node)]
    return node
