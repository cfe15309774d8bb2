"""What the image contains: every dependency of the workers, and nothing that only developers need."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.integration.image.dockerfile import stages

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / ".requirements-image.lock").read_text(), re.MULTILINE))

STAGES = stages(ROOT / "Dockerfile")


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


def test_all_stages_come_from_one_base_image_that_never_changes() -> None:
    names = {stage.name for stage in STAGES}
    (base,) = {stage.base for stage in STAGES} - names
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", base)


def test_the_final_stage_is_no_root_and_leaves_health_to_kubernetes() -> None:
    values = {instruction.name: instruction.value for instruction in STAGES[-1].instructions}
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", values["USER"])
    assert "HEALTHCHECK" not in values


def test_the_labels_are_those_of_the_project() -> None:
    (labels,) = [instruction.value for instruction in STAGES[-1].instructions if instruction.name == "LABEL"]
    found = dict(re.findall(r'org\.opencontainers\.image\.(\S+)="([^"]*)"', labels))
    expected = {name: PROJECT[name] for name in ("description", "version")}
    base_name = f"docker.io/library/{STAGES[0].base.partition('@')[0]}"
    title, licence = PROJECT["name"], PROJECT["license"]
    assert found == {**expected, "title": title, "licenses": licence, "base.name": base_name}
