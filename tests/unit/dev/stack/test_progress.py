from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from workers.dev.stack.progress import ProgressBars, ProgressLines, stack_progress


def test_without_a_terminal_progress_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with stack_progress() as progress:
        progress.step("kafka", "starting")
        progress.done("kafka", "ready")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert [line.partition("] ")[2] for line in printed.err.splitlines()] == ["kafka: starting", "kafka: ready"]


def test_a_download_prints_one_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ProgressLines()
    for part in range(1, 1001):
        progress.fetching("neo4j", part * 0.217, 217)
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition(", ")[2] for line in lines] == [f"{tenth} %" for tenth in range(10, 101, 10)]


def test_a_bar_is_full_when_the_server_is_ready() -> None:
    progress = Progress(TextColumn("{task.description}"), console=Console(file=StringIO()))
    bars = ProgressBars(progress)
    bars.fetching("kafka", 2.5, 10)
    (task,) = progress.tasks
    assert (task.completed, task.total) == (2.5, 10)
    bars.step("kafka", "starting")
    assert not task.finished
    bars.done("kafka", "ready")
    assert task.finished
