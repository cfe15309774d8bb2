"""Any command line: it does what it says, or ends with one sentence and exit code 2, before any server is asked."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from tests.unit.fuzz.mutations import FUZZ, INTERESTING, in_time
from workers.cli import main
from workers.config.settings import Settings
from workers.core.errors import Unreachable

ROOT = Path(__file__).parents[3]
REACHED = "the settings were asked for: the fuzzer stops here"
LONGEST_SENTENCE = 2_000
WORDS = (
    "telemetry",
    "2026-01-31",
    "90m",
    "99999999999d",
    "\N{SUPERSCRIPT TWO}d",
    "7-19",
    "\N{SUPERSCRIPT TWO}",
    "-1",
    "0",
    "1e400",
    "telemetry=2",
    "field=1",
    "",
    "--",
    "-",
    "x" * 5_000,
    "topology.yaml",
    "/",
    "json",
    "\udcff",
    "a\nb",
    "%s",
    "9" * 5_000,
    "0001-01-01T00:00+14:00",
    "nan",
    "[bold]",
    "\x1b[31m",
)
ANY = st.one_of(st.sampled_from(WORDS), st.text(max_size=12), st.sampled_from(INTERESTING).map(os.fsdecode)).filter(
    lambda text: "\0" not in text
)


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield each command with its parameters; not what starts servers or takes minutes to try."""
    for name, each in getattr(command, "commands", {}).items():
        if (*path, name)[0] not in main.DEVELOPER_COMMANDS:
            yield from verbs(each, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command.params


VERBS = list(verbs(get_command(main.app)))


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    path, parameters = draw(st.sampled_from(VERBS))
    arguments = list(path)
    for parameter in draw(st.lists(st.sampled_from(parameters), max_size=5)) if parameters else ():
        if parameter.param_type_name == "option":
            arguments.append(draw(st.sampled_from(parameter.opts)))
        if parameter.param_type_name == "argument" or not getattr(parameter, "is_flag", False):
            arguments.append(draw(ANY))
    if draw(st.booleans()):
        arguments.insert(draw(st.integers(0, len(arguments))), draw(ANY))
    return arguments


@contextmanager
def signals_as_before() -> Iterator[None]:
    """Undo what ``worker`` sets before anything else."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


def reached(*_: object) -> Settings:
    raise Unreachable(REACHED)


@FUZZ
@given(arguments=command_lines())
def test_it_ends_with_one_sentence(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_GRAPH_TOPOLOGY", str(ROOT / "topology.yaml"))
    out, err = StringIO(), StringIO()
    with (
        in_time(),
        signals_as_before(),
        patch.object(Settings, "from_environment", reached),
        patch.object(sys, "argv", ["memory-graph", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main.main()

    said = err.getvalue()
    if REACHED in said or ended.value.code in {0, None}:
        return
    assert ended.value.code == 2, said
    assert said.startswith("memory-graph: ") or "Usage" in out.getvalue()
    assert len(said.splitlines()) <= 1
    assert len(said) < LONGEST_SENTENCE
