"""The results of a demo run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Throughput:
    """Records sent as fast as possible. ``seconds`` is from the first one sent until the graph has the last one."""

    records: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Visibility:
    """Time in ms from ``produce()`` until a query sees the record, at ``rate`` records/s.

    ``poll_ms`` is the median time between two looks: each figure can be too high by that much.
    """

    records: int
    rate: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    poll_ms: float


@dataclass(frozen=True, slots=True)
class SpanView:
    """An Invocation of the shown trace, with its error and that error's cause."""

    span_id: str
    parent_span_id: str | None
    model: str
    provider: str
    start_ms: int
    latency_ms: float
    tokens: int | None
    cost_usd: float | None
    status: str
    error: str | None
    message: str | None
    triggered_by: Sequence[str]


@dataclass(frozen=True, slots=True)
class TraceView:
    """One trace; spans in the order of their start."""

    trace_id: str
    session_id: str | None
    spans: Sequence[SpanView]


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """The number of this run's dead letters with one reason, and an example message."""

    code: str
    stage: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, the Cypher that answers it, and the result."""

    question: str
    cypher: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the demo shows. ``problems`` are differences from what the produced records must give."""

    name: str
    source: str
    produced: Mapping[str, Any]
    seen_before: bool
    labels: Mapping[str, int]
    relationships: Mapping[str, int]
    throughput: Throughput
    visibility: Visibility | None
    trace: TraceView | None
    dead_letters: Sequence[DeadLetterCount]
    repaired: int
    answers: Sequence[Answer]
    checks: Sequence[tuple[str, int, int]]
    """Name, expected count, found count."""
    problems: Sequence[str]
    browser: str | None
    prometheus: str | None
    cores: int
    seconds: float
