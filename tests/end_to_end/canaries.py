"""Marked values, and the search for them in all that a process says, writes and shows."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from uuid import uuid4

from pydantic import BaseModel

from workers.config.settings import Settings
from workers.config.variables import is_secret, variable_of


class Leak(NamedTuple):
    """The name of a marked value, and where it was found."""

    mark: str
    where: str


class Canaries:
    """A different value for every name; the same one each time."""

    def __init__(self) -> None:
        self.run = uuid4().hex[:12]
        self.values: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self.values.setdefault(name, f"canary-{self.run}-{name.lower().replace('_', '-')}-end")

    def leaks(self, evidence: Mapping[str, bytes], names: Mapping[str, str] | None = None) -> list[Leak]:
        """Return which values are in which evidence, also inside of base64."""
        return [
            Leak(name, where)
            for where, content in evidence.items()
            for name, value in (self.values if names is None else names).items()
            if any(form in content for form in forms(value))
        ]


def forms(value: str) -> set[bytes]:
    """Return a value as it is, and as it stands in base64 after any number of other bytes."""
    plain = value.encode()
    shifted = {b64encode(b"x" * before + plain)[(0, 2, 3)[before] :][:-4] for before in range(3)}
    return {plain, *(each for each in shifted if len(each) > 8)}


def secret_variables() -> dict[str, str]:
    """Return the variable of every secret of the settings, with the group that it belongs to."""
    return {variable: group for group, variable in _secrets(Settings, ())}


def key_files() -> set[str]:
    """Return the variables that name files with private keys: files of settings that are no certificates."""
    names = {
        variable_of((group, name))
        for group, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for name, inner in field.annotation.model_fields.items()
        if "FilePath" in str(inner) or "PathType" in str(inner)
    }
    return {name for name in names if not name.endswith(("CAFILE", "CERTFILE", "CACERT"))}


def _secrets(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        here = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _secrets(field.annotation, here)
        elif is_secret(field):
            yield here[0], variable_of(here)
