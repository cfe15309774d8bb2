"""The dashboards as Grafana gets them: the committed JSON, read without the code that writes it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[4] / "helm" / "monitoring" / "dashboards"

Json = dict[str, Any]
DASHBOARDS: dict[str, Json] = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


class Shown(NamedTuple):
    """A panel of a dashboard."""

    dashboard: str
    json: Json

    @property
    def name(self) -> str:
        return f"{self.dashboard}: {self.json['title']}"


def panels(*kinds_left_out: str) -> Iterator[Shown]:
    for name, dashboard in DASHBOARDS.items():
        yield from (Shown(name, each) for each in dashboard["panels"] if each["type"] not in kinds_left_out)


class Asked(NamedTuple):
    """A PromQL query of a panel, and the names of its series."""

    panel: Shown
    expression: str
    legend: str

    @property
    def name(self) -> str:
        return f"{self.panel.name}: {self.expression}"


def promql() -> Iterator[Asked]:
    for panel in panels("row", "text"):
        yield from (
            Asked(panel, each["expr"], each["legendFormat"]) for each in panel.json["targets"] if "expr" in each
        )


def cypher() -> Iterator[Asked]:
    for panel in panels("row", "text"):
        yield from (Asked(panel, each["cypherQuery"], "") for each in panel.json["targets"] if "cypherQuery" in each)
