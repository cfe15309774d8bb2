"""The rules, by Prometheus' own tool."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import HOME
from tests.unit.monitoring.room import CASES, rule_files
from workers.dev.stack.go_programs import build
from workers.dev.stack.home import CACHE


@pytest.fixture(scope="module", autouse=True)
def environment_of_the_stack() -> None:
    """Set nothing: these tests need no server."""


@pytest.fixture(scope="session")
def promtool() -> Path:
    return build("promtool", HOME / CACHE)


def run(*arguments: Path | str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("file", rule_files(), ids=lambda file: file.stem)
def test_a_rule_file_is_valid(file: Path, promtool: Path) -> None:
    assert "SUCCESS" in run(promtool, "check", "rules", "--lint=all", "--lint-fatal", file)


@pytest.mark.parametrize("file", sorted(CASES.glob("*_test.yaml")), ids=lambda file: file.stem)
def test_the_rules_behave_as_their_cases_say(file: Path, promtool: Path) -> None:
    assert "SUCCESS" in run(promtool, "test", "rules", file)
