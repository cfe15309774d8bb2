"""What a run of the demo found out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Throughput:
    """Records sent as fast as possible. ``seconds`` is from the first one sent until the last one was in the graph."""

    records: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Visibility:
    """From handing a record to the producer until a query saw it in the graph, in ms, at ``rate`` records/s.

    ``poll_ms`` is the median time between two looks: what any of the figures may be too long by.
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
    """An Invocation of the trace that is drawn, with its error and what that was triggered by."""

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
    """One trace, spans in the order in which they began."""

    trace_id: str
    session_id: str | None
    spans: Sequence[SpanView]


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """Dead letters of this run that failed for the same reason, and what one of them says."""

    code: str
    stage: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A question to the graph, the Cypher that asks it, and what came back."""

    question: str
    cypher: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the demo shows. ``problems`` is what differs from what the produced records come to."""

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
    answers: Sequence[Answer]
    checks: Sequence[tuple[str, int, int]]
    """Name, what the records come to, and what was found."""
    problems: Sequence[str]
    browser: str | None
    cores: int
    seconds: float
