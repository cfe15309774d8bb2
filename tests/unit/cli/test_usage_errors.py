"""Each usage error is one line on standard error that names the fix; the exit code is 2."""

import subprocess
import sys

import pytest

from workers.cli import main

EXAMPLES = [
    # Unknown commands
    ("stak", "there is no command 'stak': did you mean stack?"),
    ("graph migrat", "there is no command 'migrat': did you mean migrate?"),
    ("graph xyz", "there is no command 'xyz': choose from migrate, reprice, verify, rebuild, backup, restore"),
    # Unknown options
    ("stack up --nmae x", "there is no option --nmae: did you mean --name?"),
    ("worker --zzz", "there is no option --zzz: memory-graph worker has --help"),
    ("worker -z", "there is no option -z: memory-graph worker has --help"),
    ("--zzz", "there is no option --zzz: memory-graph has --install-completion, --show-completion, --help"),
    # Missing and superfluous arguments
    ("worker", "NAME is missing: write memory-graph worker NAME"),
    (
        "registry approve tool-calling",
        "VERSION is missing: write memory-graph registry approve SCHEMA VERSION --why WHY",
    ),
    ("graph reprice", "--since is missing: write memory-graph graph reprice --since ISO"),
    ("worker telemetry registry", "memory-graph worker takes only NAME: leave out registry"),
    ("topology check a b", "memory-graph topology check takes options only: leave out a b"),
    # Values
    ("stack up --name", "--name needs a value: write --name VALUE"),
    ("graph migrate --dry-run=yes", "--dry-run takes no value: write --dry-run alone"),
    ("stack logs kafka --lines x", "--lines x: it must be a valid integer"),
    ("stack logs kafka --lines 0", "--lines 0: it must be greater than or equal to 1"),
    ("doctor -o xml", "--output xml: choose from text, json"),
    ("graph reprice --since yesterday", "--since: 'yesterday' is no time: write it like 2026-01-31T18:00:00Z"),
]


def run(monkeypatch: pytest.MonkeyPatch, line: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["memory-graph", *line.split()])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return ended.value.code


@pytest.mark.parametrize(("line", "sentence"), EXAMPLES)
def test_a_usage_error_is_one_sentence_with_the_fix(
    line: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, line) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"memory-graph: {sentence}\n")


@pytest.mark.parametrize(("line", "exit_code"), [("", 2), ("--help", 0), ("stack", 2), ("worker --help", 0)])
def test_help_is_printed(
    line: str, exit_code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, line) == exit_code
    printed = capsys.readouterr()
    assert "Usage: memory-graph" in printed.out
    assert printed.err == ""


ENDINGS = [
    ("raise typer.Exit(7)", 7, ""),
    ("raise typer.Abort", 1, "memory-graph: stopped before it was finished\n"),
    ("raise KeyboardInterrupt", 130, ""),
    ("raise errors.ProblemsFound('two faults')", 1, "memory-graph: two faults\n"),
    ("raise errors.Misconfigured('set it')", 2, "memory-graph: set it\n"),
    ("raise errors.Unreachable('start it')", 3, "memory-graph: start it\n"),
    ("pass", 0, ""),
]


@pytest.mark.parametrize(("statement", "exit_code", "printed"), ENDINGS)
def test_each_end_of_a_command_has_its_exit_code(statement: str, exit_code: int, printed: str) -> None:
    script = f"""
import sys, typer
from workers.cli import main
from workers.core import errors

@main.app.command()
def example() -> None:
    {statement}

sys.argv = ["memory-graph", "example"]
main.main()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (exit_code, "", printed)


def test_an_argument_that_is_no_utf_8_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "dlq release \udcff") == 2
    assert capsys.readouterr().err == "memory-graph: \\udcff is not UTF-8 text: write it in UTF-8\n"
