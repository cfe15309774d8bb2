"""The Dockerfile as stages with their instructions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dockerfile_parse import DockerfileParser

SHELL = ["/bin/sh", "-c"]


class Instruction(NamedTuple):
    """One instruction with the number of its line; ``flags`` are the words in front that begin with ``--``."""

    name: str
    flags: dict[str, str]
    value: str
    line: int

    def command(self) -> list[str]:
        """Return what RUN or ENTRYPOINT executes: a JSON list as it is, anything else by the shell."""
        return [str(word) for word in json.loads(self.value)] if self.value.startswith("[") else [*SHELL, self.value]


class Stage(NamedTuple):
    """What one FROM begins: ``base`` is an image, or the name of an earlier stage."""

    name: str
    base: str
    instructions: list[Instruction]


def stages(dockerfile: Path) -> list[Stage]:
    """Return the stages, the final one last."""
    found: list[Stage] = []
    for instruction in _instructions(dockerfile):
        if instruction.name == "FROM":
            base, _, name = instruction.value.partition(" AS ")
            found.append(Stage(name or "final", base, []))
        else:
            found[-1].instructions.append(instruction)
    return found


def _instructions(dockerfile: Path) -> Iterator[Instruction]:
    for entry in DockerfileParser(str(dockerfile)).structure:
        if entry["instruction"] != "COMMENT":
            flags, value = _flags(entry["value"])
            yield Instruction(entry["instruction"], flags, value, entry["startline"] + 1)


def _flags(value: str) -> tuple[dict[str, str], str]:
    flags = {}
    while value.startswith("--"):
        word, _, value = value.partition(" ")
        flag, _, setting = word.removeprefix("--").partition("=")
        flags[flag] = setting
        value = value.lstrip()
    return flags, value
