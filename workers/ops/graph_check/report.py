"""The outcome of a verification. Its size depends on no graph: beyond a limit, findings are only counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from workers.ops.graph_check.compare import Judged
from workers.ops.graph_check.finding import Finding
from workers.ops.graph_check.watermarks import PartitionMark


@dataclass(slots=True)
class Compared:
    """Numbers of traces, or of models and schemas, where nothing else is said.

    ``compared``  the topic has all of their records: they were folded again and compared with the graph
    ``older``     the topic no longer has their first records: only checked for what the graph says by itself
    ``moving``    relationships to a Model that the job ``model_names`` still has to move
    ``changing``  still being written after several looks: neither equal nor different
    ``dead_letters``  records of theirs that were left out
    ``by_label``  their nodes in the graph
    """

    compared: int = 0
    older: int = 0
    moving: int = 0
    changing: int = 0
    dead_letters: int = 0
    by_label: Counter[str] = field(default_factory=Counter)

    def add(self, judged: Judged) -> None:
        """Count one."""
        self.by_label.update(label for label, _ in judged.found.nodes)
        if judged.is_older:
            self.older += 1
        else:
            self.compared += 1


@dataclass(slots=True)
class Report:
    """Everything that was found.

    ``share``     the share of all traces that was chosen, from 0 to 1, by a hash with ``seed``
    ``findings``  the first ``limit`` of them; ``found`` counts all by kind
    ``registry``  numbers of models and schemas
    ``notes``     what could not be judged, and why
    """

    limit: int
    share: float = 1.0
    seed: int = 0
    marks: list[PartitionMark] = field(default_factory=list)
    traces: Compared = field(default_factory=Compared)
    registry: Compared = field(default_factory=Compared)
    audit_chains: int = 0
    findings: list[Finding] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Count findings, and keep the first ones."""
        for finding in findings:
            self.found[finding.kind.value] += 1
            if len(self.findings) < self.limit:
                self.findings.append(finding)

    def has(self, subject: str) -> bool:
        """Tell whether one of the findings that are kept is about a subject."""
        return any(finding.subject == subject for finding in self.findings)
