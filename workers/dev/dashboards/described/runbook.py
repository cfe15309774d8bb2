"""The runbook inside Grafana: reachable when the pages of the project are not."""

import re
from pathlib import Path

from grafana_foundation_sdk.builders.text import Panel as TextPanel
from grafana_foundation_sdk.models.dashboard import Dashboard, GridPos, Panel
from grafana_foundation_sdk.models.text import TextMode

from workers.dev.dashboards.board import About, board

ROOT = Path(__file__).parents[4]
ALERTS = ROOT / "helm" / "monitoring" / "RUNBOOK.md"
OPERATORS = ROOT / "workers" / "ops" / "README.md"
SECTION = re.compile(r"^## At 3 a\.m\.\n(.*?)^## ", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[([^]]+)]\([^)]*\)")
HEIGHT = 30


def dashboard() -> Dashboard:
    """Return the dashboard: two texts of the documentation, without their links."""
    about = About(
        "runbook",
        "Memory-Graph / Runbook",
        "What each alert and each symptom means, and what to do. A copy of the documentation.",
        refresh="",
    )
    alerts = _text("A section for each alert", ALERTS.read_text(encoding="utf-8"))
    return board(about, [], [("Alerts", [alerts]), ("Symptoms", [_text("At 3 a.m.", section())])])


def section() -> str:
    """Return the section of the document. Raises ``ValueError`` if it was renamed."""
    found = SECTION.search(OPERATORS.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(
            f"{OPERATORS} has no section `## At 3 a.m.`: name it so, or correct the pattern of the runbook"
        )
    return found[1].strip()


def _text(title: str, markdown: str) -> Panel:
    panel = TextPanel().title(title).mode(TextMode.MARKDOWN).content(LINK.sub(r"\1", markdown)).build()
    panel.grid_pos = GridPos(h=HEIGHT, w=24)
    return panel
