"""The checker's report of one scenario, for people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.chaos.checking.anomaly import Anomaly, Finding
from tests.chaos.checking.history import Line

SHOWN_OF_A_KIND = 4


class Scenario(NamedTuple):
    """A scenario: the id of its test, and the seed."""

    test: str
    seed: int

    @property
    def run_again(self) -> str:
        return f".venv/bin/python -m pytest --chaos full --chaos-seed {self.seed} '{self.test}'"


@dataclass(frozen=True)
class Report:
    """The findings of one scenario, and how to reproduce them."""

    scenario: Scenario
    history: Sequence[Line]
    findings: Sequence[Finding]
    file: Path
    graph_hash: str

    @property
    def anomalies(self) -> set[Anomaly]:
        return {finding.anomaly for finding in self.findings}

    @property
    def has_a_fault(self) -> bool:
        """Whether the scenario has a fault."""
        return any(line["what"] in {"fault", "struck"} for line in self.history)

    def __str__(self) -> str:
        return "\n".join(["", *self._head(), *self._findings(), f"  history    {self.file}"])

    def _head(self) -> list[str]:
        kinds = Counter(line["what"] for line in self.history)
        poison = sum(line["what"] == "produced" and line["poison"] is not None for line in self.history)
        faults = [line for line in self.history if line["what"] in {"fault", "struck", "restarted"}]
        begin = self.history[0]["at"] if self.history else 0.0
        return [
            f"chaos: {self.scenario.test}, seed {self.scenario.seed}",
            f"  run again  {self.scenario.run_again}",
            f"  inputs     {kinds['produced']} records, {poison} of them poison; {kinds['dead_letter']} dead letters",
            *(f"  {line['at'] - begin:8.2f} s  {_told(line)}" for line in faults),
        ]

    def _findings(self) -> list[str]:
        if not self.findings:
            return ["  no anomaly"]
        counted = Counter(finding.anomaly for finding in self.findings)
        shown: list[str] = []
        for anomaly, count in counted.items():
            shown.append(f"  {count} x {anomaly}")
            of_kind = [finding.told for finding in self.findings if finding.anomaly is anomaly]
            shown += [f"    {told[:400]}" for told in of_kind[:SHOWN_OF_A_KIND]]
        return shown


def _told(line: Line) -> str:
    return ", ".join(f"{name}={value}" for name, value in line.items() if name != "at")
