"""Counts per label and per relationship type, with bars."""

from collections.abc import Mapping

from rich.columns import Columns
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

BAR_WIDTH = 14


def counts(labels: Mapping[str, int], relationships: Mapping[str, int]) -> RenderableType:
    """Return both tables beside each other."""
    return Columns([_table("Nodes", labels, "cyan"), _table("Relationships", relationships, "magenta")], padding=(0, 4))


def _table(title: str, found: Mapping[str, int], colour: str) -> Table:
    table = Table(title=title, title_style="bold", title_justify="left", box=None, show_header=False, padding=(0, 1))
    table.add_column(style=colour, no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    largest = max(found.values(), default=1)
    for name, count in sorted(found.items(), key=lambda each: (-each[1], each[0])):
        table.add_row(name, f"{count:,}", Text("▇" * max(1, round(BAR_WIDTH * count / largest)), f"dim {colour}"))
    return table
