"""Queries to try, with their results on this data."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workers.dev.demo.report import Answer
from workers.dev.demo.screen.units import NONE

KEYWORDS = r"\b(MATCH|WHERE|WITH|RETURN|ORDER BY|LIMIT|DESC|DISTINCT|AS|NOT|CASE|WHEN|THEN|ELSE|END)\b"
LABELS = r"(?<=:)[A-Z]\w+"
STRINGS = r"'[^']*'"


def answers(found: Sequence[Answer]) -> RenderableType:
    """Return question, Cypher and rows of each; the Cypher can be copied."""
    parts: list[RenderableType] = [Text("Cypher to try", "bold")]
    for number, answer in enumerate(found, start=1):
        parts += [
            Text(f" {number}. {answer.question}", "bold cyan"),
            Padding(_highlighted(answer.cypher), (0, 0, 0, 4)),
            Padding(_rows(answer), (0, 0, 0, 6)),
            Text(),
        ]
    return Group(*parts[:-1])


def _highlighted(cypher: str) -> Text:
    text = Text(cypher)
    text.highlight_regex(LABELS, "green")
    text.highlight_regex(STRINGS, "yellow")
    text.highlight_regex(KEYWORDS, "blue")
    return text


def _rows(answer: Answer) -> RenderableType:
    if not answer.rows:
        return Text("(no rows)", "dim")
    table = Table(box=None, padding=(0, 1), header_style="dim", show_edge=False)
    for column, value in answer.rows[0].items():
        table.add_column(column, justify="left" if isinstance(value, str) else "right", no_wrap=True)
    for row in answer.rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return NONE
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)
