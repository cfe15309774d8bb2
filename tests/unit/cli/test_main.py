"""The command line works without the developer tools and their packages, as in the image."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from workers.cli.main import app

ROOT = Path(__file__).parents[3]
FIX = "run pip install -e '.[stack]' in a clone of the repository"
MAIN = "from workers.cli.main import main; main()"
HIDING = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def run(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run without ``site``: an editable installation would add the packages that ``folder`` leaves out."""
    command = [sys.executable, "-S", "-c", script, *arguments]
    environment = {"PYTHONPATH": sysconfig.get_path("purelib"), "PATH": ""}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Make a folder like that of the image: everything but ``workers.dev``."""
    (tmp_path / "workers").mkdir()
    for path in (ROOT / "workers").iterdir():
        if path.name != "dev":
            (tmp_path / "workers" / path.name).symlink_to(path)
    (tmp_path / "topology.yaml").symlink_to(ROOT / "topology.yaml")
    return tmp_path


@pytest.mark.parametrize("line", ["--help", "topology check", "worker --help", "doctor --help", "graph --help"])
def test_without_developer_tools_the_other_commands_work(line: str, image: Path) -> None:
    ended = run(image, MAIN, *line.split())
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "stack" not in ended.stdout


@pytest.mark.parametrize("line", ["stack", "stack up --name x", "stack --help", "sample telemetry", "demo", "bench"])
def test_without_developer_tools_their_commands_say_how_to_get_them(line: str, image: Path) -> None:
    ended = run(image, MAIN, *line.split())
    assert (ended.returncode, ended.stdout) == (2, "")
    command = line.split(maxsplit=1)[0]
    reason = f"{command} is a developer tool, and this installation has none"
    assert ended.stderr == f"memory-graph: {reason}: {FIX}\n"


def test_a_missing_package_of_the_developer_tools_is_one_sentence() -> None:
    ended = run(ROOT, HIDING.format(hidden="jgo") + MAIN, "stack", "up")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"memory-graph: the package jgo is not installed: {FIX}\n"


def test_any_other_missing_module_is_a_traceback() -> None:
    ended = run(ROOT, HIDING.format(hidden="workers.dev.stack.lifecycle") + MAIN, "stack", "up")
    assert ended.returncode == 1
    assert "ModuleNotFoundError" in ended.stderr


def commands(command: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the full name and the help of every command that is not a group."""
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, command.help


@pytest.mark.parametrize(("name", "help_text"), list(commands(get_command(app), "memory-graph")))
def test_the_help_of_every_command_has_an_example(name: str, help_text: str) -> None:
    assert f"Example: {name}" in help_text.replace('eval "$(', "")


def test_a_process_leaves_no_memory_behind_when_it_crashes() -> None:
    show = "print(resource.getrlimit(resource.RLIMIT_CORE))"
    limits = f"import resource; from workers.cli import main; main.app = lambda **_: {show}; main.main()"
    assert run(ROOT, limits).stdout == "(1, 1)\n"


def test_a_long_word_of_the_command_line_is_cut() -> None:
    ended = run(ROOT, MAIN, "x" * 5_000)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"memory-graph: there is no command '{'x' * 199}… choose from")
