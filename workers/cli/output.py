"""Print data: a table for people, JSON for programs."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text


class Output(StrEnum):
    """The choices of ``--output``."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print data.")]


def print_json(data: object) -> None:
    """Print ``data`` as one JSON document over many lines."""
    print(as_json(data, indent=2))


def as_json(data: object, *, indent: int | None = None, ascii_only: bool = True) -> str:
    """Return ``data`` as JSON, on one line without ``indent``.

    Values that JSON lacks, such as NaN, are texts; bytes are base64url.
    """
    from pydantic_core import to_json  # noqa: PLC0415 - keeps --help fast

    made = to_json(
        data, indent=indent, ensure_ascii=ascii_only, inf_nan_mode="strings", bytes_mode="base64", fallback=str
    )
    return made.decode()


def plain(text: str) -> str:
    """Return a text with control characters, and what cannot be printed, as escapes."""
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> None:
    """Print ``rows`` as a ``table``."""
    Console().print(table(rows, columns, title=title))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> Table:
    """Return ``rows`` as a table with ``columns`` in this order; a missing value is an empty cell."""
    made = Table(title=title, title_justify="left")
    for column in columns:
        made.add_column(column, overflow="fold")  # an ellipsis would hide the end of a name
    for row in rows:
        made.add_row(*(_cell(row.get(column)) for column in columns))
    return made


def _cell(value: object) -> Text:
    """Return a cell: what somebody has sent is neither markup nor a command for the terminal."""
    return Text("" if value is None else "\n".join(map(plain, str(value).split("\n"))))
