"""Write the table of helm/monitoring/DISASTERS.md from the latest run: ``python -m tests.chaos.disasters.table``."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.chaos.disasters.known import SCALES_WITH, Disaster
from tests.chaos.disasters.measured import Measured, read_all

ROOT = Path(__file__).parents[3]
HOME = Path(os.environ.get("MEMORY_GRAPH_HOME") or ROOT / ".memory-graph").absolute()
PAGE = ROOT / "helm" / "monitoring" / "DISASTERS.md"
BLOCK = re.compile(r"(<!-- measured: disasters -->\n).*?(<!-- end of measured -->)", re.DOTALL)
HEAD = ("disaster", "in the graph again after", "lost", "sent again by producers", "waited", "the time grows with")


def table(found: Sequence[Measured]) -> str:
    """Return a row for each known disaster, in their order. Raises ``KeyError`` for one that was not measured."""
    by_name = {each.disaster: each for each in found}
    rows = [_row(disaster, by_name[disaster]) for disaster in Disaster]
    return "\n".join(_line(cells) for cells in (HEAD, ["---"] * len(HEAD), *rows)) + "\n"


def with_table(page: str, found: Sequence[Measured]) -> str:
    """Return the page with the table of these measurements."""
    return BLOCK.sub(lambda block: f"{block[1]}{table(found)}{block[2]}", page)


def _row(disaster: Disaster, found: Measured) -> list[str]:
    return [
        f"[{disaster}](#{disaster.anchor})",
        f"{found.seconds / 60:.2f} min",
        f"0 of {found.records:,}",
        f"{found.sent_again:,}",
        f"{found.waiting:,}",
        SCALES_WITH[disaster],
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(), read_all(HOME)))
