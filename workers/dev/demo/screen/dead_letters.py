"""Dead letters by reason."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from workers.dev.demo.report import DeadLetterCount


def dead_letters(letters: Sequence[DeadLetterCount], poison: int) -> RenderableType:
    """Return a row for each reason, with the message of one."""
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
    return Group(title, table)
