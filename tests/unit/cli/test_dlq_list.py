"""What ``memory-graph dlq list`` prints of what was counted."""

import json
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workers.cli import dlq, dlq_list
from workers.cli.output import Output
from workers.core.errors import Misconfigured
from workers.ops.dead_letters.count import Group
from workers.ops.dead_letters.tally import Tally

AT = 1_700_000_000_000
LONG = "give each event its event_id " * 10


class Growing(Tally):
    """One letter at the first count, and one more at each later one."""

    def __init__(self) -> None:
        self._letters = count(1)

    def refresh(self, progress: Callable[[str, int, int], None] = lambda *_: None) -> list[Group]:
        letters = next(self._letters)
        progress("events.dlq", letters, letters)
        return [Group("events.dlq", "field.missing", "VALIDATE", "telemetry", letters, AT, AT, 0, 0, LONG)]


class Nothing(Growing):
    def refresh(self, progress: Callable[[str, int, int], None] = lambda *_: None) -> list[Group]:
        return []


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C in the third pause."""
    pauses = count(1)

    def pause(_: float) -> None:
        if next(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", pause)


def test_a_message_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    dlq_list.print_list(Growing(), None, Output.TEXT)
    printed = capsys.readouterr().out
    assert "field.missing" in printed
    assert "11-14" in printed
    assert LONG in printed


def test_nothing_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    dlq_list.print_list(Nothing(), None, Output.TEXT)
    assert capsys.readouterr().out == "there are no such dead letters\n"


def test_data_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    dlq_list.print_list(Growing(), 5, Output.JSON)
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["letters"], row["oldest"]) == (1, "2023-11-14T22:13:20+00:00")


@pytest.mark.usefixtures("interrupted")
def test_a_watch_prints_a_document_a_line_until_it_is_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    dlq_list.watch(Growing(), None, Output.JSON)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)[0]["letters"] for line in lines] == [2, 3, 4]


@pytest.mark.usefixtures("interrupted")
def test_a_watch_without_a_terminal_prints_each_table(capsys: pytest.CaptureFixture[str]) -> None:
    dlq_list.watch(Growing(), None, Output.TEXT)
    assert capsys.readouterr().out.count("events.dlq") == 3


@pytest.mark.usefixtures("interrupted")
def test_a_watch_on_a_terminal_draws_in_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    dlq_list.watch(Growing(), None, Output.TEXT)
    printed = capsys.readouterr().out
    assert printed.count("events.dlq") >= 3
    assert "\x1b[2K" in printed, "each table replaces the one before"


def test_a_topic_that_is_named_is_counted_without_topology_yaml(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MEMORY_GRAPH_TOPOLOGY", str(tmp_path / "none.yaml"))
    monkeypatch.setattr(Tally, "refresh", lambda *_: [])
    for option in ("--topic", "--dlq-topic"):
        assert CliRunner().invoke(dlq.app, ["list", option, "events"]).output == "there are no such dead letters\n"
    assert isinstance(CliRunner().invoke(dlq.app, ["list"]).exception, Misconfigured)
