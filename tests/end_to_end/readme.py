"""The example worker, read from the pipelines' README."""

import re
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class NewWorker(NamedTuple):
    """The texts of the new worker's files."""

    schema: str
    worker: str
    topology: str


def adding_a_worker() -> NewWorker:
    """Read the section's code blocks, one per language."""
    section = (
        (ROOT / "workers" / "pipelines" / "README.md")
        .read_text()
        .partition("## Adding a worker\n")[2]
        .partition("\n## ")[0]
    )
    blocks = {language: dedent(text) for _, language, text in BLOCK.findall(section)}
    return NewWorker(blocks["json"], blocks["python"], blocks["yaml"])
