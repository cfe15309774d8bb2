"""What is printed for people and for programs, whatever somebody has sent."""

import json
from typing import Any

import pytest
from rich.console import Console

from workers.cli.output import as_json, plain, print_json, table


def no_json(constant: str) -> Any:
    raise AssertionError(f"JSON has no {constant}")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Größe 3 €", "Größe 3 €"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("\ud800", "\\ud800"),
        ("a\nb", "a\\nb"),
    ],
)
def test_no_text_controls_the_terminal(text: str, safe: str) -> None:
    assert plain(text) == safe


def test_json_has_texts_for_what_it_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"numbers": [float("nan"), float("-inf"), 1.5], "bytes": b"\xff", "type": int, "text": "\x9b\u2028\xdf"}
    as_it_is = {
        "numbers": ["NaN", "-Infinity", 1.5],
        "bytes": "_w==",
        "type": "<class 'int'>",
        "text": "\x9b\u2028\xdf",
    }
    print_json(data)
    for text in (as_json(data), capsys.readouterr().out):
        assert json.loads(text, parse_constant=no_json) == as_it_is
    assert len(as_json(data).splitlines()) == 1
    assert as_json(data).isascii()


@pytest.mark.parametrize(
    ("cell", "shown"), [("[/bold] [red]x", "[/bold] [red]x"), ("\x1b[2J", "\\x1b[2J"), (None, ""), ("a\nb", "a")]
)
def test_a_cell_is_text_and_nothing_else(cell: str | None, shown: str) -> None:
    console = Console(width=80, force_terminal=True, color_system=None)
    with console.capture() as printed:
        console.print(table([{"cell": cell}], ["cell"]))
    line = printed.get().splitlines()[3]
    assert line.strip("│ ") == shown
