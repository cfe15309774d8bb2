"""The rows of the statements, typed. Rows of nodes that partitions share sort by their first, unique columns."""

from typing import NamedTuple


class ModelRow(NamedTuple):
    """A model that an event names."""

    model_id: str
    name: str | None
    context_window: int | None


class KeyRow(NamedTuple):
    """An Invocation that loses a relationship, for another in most cases."""

    key: str


class InvocationRow(NamedTuple):
    """A span that has changed, all of it. ``status`` is that of its terminal event."""

    model_id: str
    key: str
    id: str
    trace_id: str
    span_id: str
    parent_span_id: str | None
    session_id: str | None
    user_id: str | None
    provider: str
    model_version: str | None
    timestamp: int
    status: str | None
    token_count: int | None
    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    total_tokens: int | None
    cost_usd: float | None
    cost_usd_exact: str | None
    context_utilization: float | None
    price_source: str | None
    price_id: str | None
    use_case: str | None


class VersionChangeRow(NamedTuple):
    """A span that was written before, and the version of its time, if it has one by now."""

    key: str
    version_id: str | None


class VersionUseRow(NamedTuple):
    """A span, and the version of its time."""

    version_id: str
    key: str


class LatencyRow(NamedTuple):
    """A latency event."""

    id: str
    key: str
    metric_type: str
    value: float
    percentile: float | None
    timestamp: int
    model_id: str


class AggregateRow(NamedTuple):
    """An aggregate or a daily summary."""

    model_id: str
    id: str
    metric_type: str
    value: float
    provider: str
    timestamp: int
    window_start: int
    window_end: int
    total_invocations: int
    avg_latency_ms: float
    p95_latency_ms: float | None
    error_rate: float


class ErrorRow(NamedTuple):
    """An error event."""

    id: str
    key: str
    error_type: str
    message: str
    severity: str
    caused_by: str | None
    timestamp: int
    model_id: str
    provider: str
    trace_id: str
    span_id: str


class CauseRow(NamedTuple):
    """An error and its cause, by id."""

    id: str
    cause: str


class ChildRow(NamedTuple):
    """A child and its parent, by key."""

    key: str
    parent: str


class SuccessorRow(NamedTuple):
    """Neighbours in a trace, by key, and the milliseconds between their timestamps."""

    key: str
    successor: str
    duration_ms: int
