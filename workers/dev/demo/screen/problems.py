"""What differs from what the records come to."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text


def problems(found: Sequence[str]) -> RenderableType:
    """Return one line for each."""
    return Group(Text("Differences", "bold red"), *(Text(f" ✗ {problem}") for problem in found))
