"""The room of alerts: rule files, their tests and the runbook, as plain data."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
RULES = ROOT / "helm" / "monitoring" / "rules"
RUNBOOK = ROOT / "helm" / "monitoring" / "RUNBOOK.md"
CASES = ROOT / "tests" / "integration" / "monitoring" / "rules"


class Rule(NamedTuple):
    """One rule of a file: ``name`` is the alert's or the recorded series'."""

    file: str
    name: str
    alerts: bool
    expression: str
    content: Mapping[str, Any]

    @property
    def annotations(self) -> Mapping[str, str]:
        annotations: Mapping[str, str] = self.content.get("annotations", {})
        return annotations


def rule_files() -> list[Path]:
    return sorted(RULES.glob("*.yaml"))


def load(file: Path) -> Any:
    return YAML(typ="safe").load(file)


def rules() -> Iterator[Rule]:
    for file in rule_files():
        for group in load(file)["groups"]:
            for each in group["rules"]:
                yield Rule(file.stem, each.get("alert") or each["record"], "alert" in each, each["expr"], each)


def alerts() -> list[Rule]:
    return [rule for rule in rules() if rule.alerts]


def sections() -> dict[str, str]:
    """Return the text of each section of the runbook."""
    parts = re.split(r"^## (\w+)$", RUNBOOK.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
