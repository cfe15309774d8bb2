"""Print data: a table for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table


class Output(StrEnum):
    """The choices of ``--output``."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print data.")]


def print_json(data: object) -> None:
    """Print ``data`` as one JSON document; values of types that JSON lacks are printed as text."""
    json.dump(data, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> None:
    """Print ``rows`` as a ``table``."""
    Console().print(table(rows, columns, title=title))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> Table:
    """Return ``rows`` as a table with ``columns`` in this order; a missing value is an empty cell."""
    made = Table(title=title, title_justify="left")
    for column in columns:
        made.add_column(column, overflow="fold")  # an ellipsis would hide the end of a name
    for row in rows:
        made.add_row(*("" if row.get(column) is None else str(row[column]) for column in columns))
    return made
