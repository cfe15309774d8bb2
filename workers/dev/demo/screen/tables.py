"""The tables: counts by label and relationship type, and dead letters by reason."""

from collections.abc import Mapping, Sequence

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from workers.dev.demo.report import DeadLetterCount

BAR_WIDTH = 14


def counts(labels: Mapping[str, int], relationships: Mapping[str, int]) -> RenderableType:
    """Return both tables side by side."""
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


def dead_letters(letters: Sequence[DeadLetterCount], poison: int, repaired: int, program: str) -> RenderableType:
    """Return one row for each reason, with an example message, and how many were repaired."""
    title = Text.assemble(
        ("Dead letters", "bold"),
        (f"  {poison:,} bad records were sent on purpose; their neighbours all arrived", "dim"),
    )
    table = Table(box=None, padding=(0, 1), header_style="dim", expand=True)
    table.add_column("count", justify="right", style="bold yellow", no_wrap=True)
    table.add_column("stage", style="magenta", no_wrap=True)
    table.add_column("code", style="cyan", no_wrap=True)
    table.add_column("one of them says", no_wrap=True, overflow="ellipsis", ratio=1, style="dim")
    for letter in letters:
        table.add_row(f"{letter.count:,}", letter.stage, letter.code, Text(" ".join(letter.example.split())))
    back = Text(f" {repaired:,} of them were repaired and are in the graph now; see {program} dlq browse", "dim")
    return Group(title, table, back)
