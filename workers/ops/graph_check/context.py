"""What a verification is asked for, and what every check of it needs."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.ops.graph_check.report import Report

Show = Callable[[str], None]
"""Shows how far it is."""


class Check(StrEnum):
    """What can be checked alone."""

    WATERMARKS = "watermarks"
    REGISTRY = "registry"
    TRACES = "traces"
    RELATIONSHIPS = "relationships"
    AUDIT = "audit"


class Request(NamedTuple):
    """What to check. ``share`` of the traces from 0 to 1; ``None`` for those of about 100,000 records.

    ``limit``  so many findings are kept in full
    """

    checks: frozenset[Check] = frozenset(Check)
    share: float | None = None
    seed: int = 0
    limit: int = 1_000


class Context(NamedTuple):
    """One verification."""

    settings: Settings
    topology: Topology
    graph: GraphConnection
    request: Request
    report: Report
    show: Show


class Progress:
    """Shows how many there were, and of how many where that is known."""

    def __init__(self, subject: str, show: Show, of: int = 0) -> None:
        self._subject = subject
        self._show = show
        self._of = f" of {of:,}" if of else ""
        self._done = 0

    def add(self, count: int) -> None:
        """Count some more."""
        self._done += count
        self._show(f"{self._subject}: {self._done:,}{self._of}")
