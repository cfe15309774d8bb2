"""The operator's walk-through of the chart, followed from its first command to its last."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import HOME
from tests.end_to_end.program import CONSOLE_SCRIPT
from workers.dev.stack.lifecycle import reset

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "helm" / "WALKTHROUGH.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STACK = "walk"
LIMIT_SECONDS = 900
MARK = "=== step"


class Step(NamedTuple):
    """Commands of the page, and the texts that it says they print."""

    commands: str
    printed: list[str]


def steps() -> list[Step]:
    """Read the page. A block of text belongs to the commands before it."""
    found: list[Step] = []
    for language, text in BLOCK.findall(PAGE.read_text()):
        if language == "sh":
            found.append(Step(text, []))
        else:
            found[-1].printed.extend(text.splitlines())
    return found


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What each step has printed. All run in one shell, which ends at the first command that fails."""
    folder = tmp_path_factory.mktemp("walk")
    script = "set -eu -o pipefail\n" + "".join(f"echo '{MARK}'\n{step.commands}" for step in steps())
    environment = {
        **{name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ},
        "PATH": f"{CONSOLE_SCRIPT.parent}:{os.environ['PATH']}",
        "MEMORY_GRAPH_HOME": str(HOME),
        "WALK": str(folder),
    }
    shell = subprocess.Popen(
        ["/bin/bash", "-c", script],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = shell.communicate(timeout=LIMIT_SECONDS)
        assert shell.returncode == 0, output[-5_000:]
        yield output.split(MARK)[1:]
    finally:
        with suppress(ProcessLookupError):  # the page ends its fleet itself
            os.killpg(shell.pid, signal.SIGTERM)
        shell.wait()
        reset(STACK, home=HOME)


@pytest.mark.parametrize("number", range(len(steps())))
def test_each_step_prints_what_the_page_says(printed: list[str], number: int) -> None:
    for line in steps()[number].printed:
        assert line in printed[number]


def test_the_page_leads_through_all_that_an_operator_does() -> None:
    headings = re.findall(r"^## \d\. (.*)$", PAGE.read_text(), re.MULTILINE)
    assert len(headings) == 6
    assert sum(bool(step.printed) for step in steps()) >= 6
