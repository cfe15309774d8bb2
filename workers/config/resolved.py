"""The topology as it takes effect, and the origin of each value."""

from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml.comments import CommentedMap

from workers.config.located_yaml import LocatedDocument, read_located
from workers.config.located_yaml import Path as KeyPath
from workers.config.topology import OptionModels, checked_topology

BUILT_IN = "built in"


class Resolved(NamedTuple):
    """Plain values, without ``defaults`` (each worker contains them), and the origin of each leaf.

    An origin is ``FILE:LINE``, ``FILE:LINE (defaults)``, or ``built in``; its key is the dotted path.
    """

    values: dict[str, Any]
    origins: dict[KeyPath, str]


def resolve(path: Path, models: OptionModels) -> Resolved:
    """Read and resolve the file. Raises ``Misconfigured`` with every fault and its line."""
    document = read_located(path)
    values = checked_topology(path, document, models).model_dump(exclude={"defaults"}, exclude_none=True)
    return Resolved(values, {leaf: _origin(path, document, leaf) for leaf in _leaves(values, ())})


def _leaves(values: dict[str, Any], path: KeyPath) -> list[KeyPath]:
    leaves: list[KeyPath] = []
    for key, value in values.items():
        leaves += _leaves(value, (*path, key)) if isinstance(value, dict) and value else [(*path, key)]
    return leaves


def _origin(path: Path, document: LocatedDocument, leaf: KeyPath) -> str:
    inherited = ("defaults", *leaf[2:])
    if leaf in document.lines:
        return f"{path.name}:{document.lines[leaf]}"
    if leaf[0] == "workers" and inherited in document.lines:
        return f"{path.name}:{document.lines[inherited]} (defaults)"
    return BUILT_IN


def annotated(resolved: Resolved) -> CommentedMap:
    """Return YAML with the origin of each value as a comment behind it."""
    return _commented(resolved.values, (), resolved.origins)


def _commented(values: dict[str, Any], path: KeyPath, origins: dict[KeyPath, str]) -> CommentedMap:
    mapping = CommentedMap()
    for key, value in values.items():
        here = (*path, key)
        mapping[key] = _commented(value, here, origins) if isinstance(value, dict) and value else value
        if here in origins:
            mapping.yaml_add_eol_comment(origins[here], key, column=48)
    return mapping
