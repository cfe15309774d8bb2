"""What the image contains: every dependency of the workers, and nothing that only developers need."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / ".requirements-image.lock").read_text(), re.MULTILINE))


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_each_dependency_is_locked_with_its_version(requirement: str) -> None:
    name, version = re.sub(r"\[.*\]", "", requirement).split("==")
    assert LOCKED[name.replace(".", "-")] == version, "run make lock"


@pytest.mark.parametrize("package", ["psycopg", "psycopg-binary"])
def test_no_package_of_the_developer_tools_is_locked(package: str) -> None:
    assert package not in LOCKED, "run make lock"


def test_the_developer_tools_are_not_copied_into_the_image() -> None:
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    assert patterns.index("workers/dev") > patterns.index("!workers")
