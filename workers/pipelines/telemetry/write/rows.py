"""The typed rows of the statements, and how they are made of spans and events.

Rows of shared nodes begin with their unique columns, because they are sorted.
"""

from typing import Any, NamedTuple

from workers.core.node_key import invocation_key
from workers.pipelines.telemetry.cost import InvocationCost, cost_of
from workers.pipelines.telemetry.events import Aggregate, Event, Failure, Invocation, Latency
from workers.pipelines.telemetry.fold.span import Span
from workers.pipelines.telemetry.prices.pricing import PricingTerms
from workers.pipelines.telemetry.tokens.conventions import TokenCounts
from workers.pipelines.telemetry.tokens.used import Used


class ModelRow(NamedTuple):
    """A model that an event names."""

    model_id: str
    name: str | None
    context_window: int | None


class NameRow(NamedTuple):
    """A name of a model, as events send it, and the Models that it means: ``meaning`` as text, with its times.

    ``open``: there is a time at which it means none of the registry's.
    """

    id: str
    provider: str
    name: str
    meaning: str
    open: bool
    model_ids: list[str]


class ModelChangeRow(NamedTuple):
    """An Invocation that may use another Model than before."""

    key: str
    used_model: str


class KeyRow(NamedTuple):
    """An Invocation with an outdated relationship."""

    key: str


class SpanColumns(NamedTuple):
    """The identity of a span, its place, and its model: the one that it uses, and the name of it that was sent."""

    used_model: str
    key: str
    id: str
    trace_id: str
    span_id: str
    parent_span_id: str | None
    model_id: str
    provider: str
    timestamp: int


class CallColumns(NamedTuple):
    """Who made the call, and how it ended. ``status`` is that of the terminal event."""

    session_id: str | None
    user_id: str | None
    model_version: str | None
    use_case: str | None
    team: str | None
    status: str | None
    token_count: int | None
    latency_ms: float | None
    latency_clamped: bool | None


class BillingColumns(NamedTuple):
    """What the events say about the bill."""

    service_tier: str | None
    reported_cost_usd: float | None


class StateColumns(NamedTuple):
    """The span as ``Span.stored`` returns it."""

    folded: bytes | None


INVOCATION_COLUMNS = (SpanColumns, CallColumns, TokenCounts, BillingColumns, InvocationCost, StateColumns)
"""A changed span, all of it: the columns of these groups, one after the other."""


class VersionChangeRow(NamedTuple):
    """A span that was written before, and the model version at its time, if there is one."""

    key: str
    version_id: str | None


class VersionUseRow(NamedTuple):
    """A span, and the model version at its time."""

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
    latency_clamped: bool | None


class AggregateRow(NamedTuple):
    """An aggregate or a daily summary."""

    used_model: str
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
    latency_clamped: bool | None


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


def invocation_row(identity: SpanColumns, span: Span, used: Used, terms: PricingTerms) -> list[Any]:
    """Return a row of ``INVOCATION_COLUMNS``."""
    call, cost = _call_columns(span.start, span.end), cost_of(used, terms)
    return [*identity, *call, *used.counts, used.service_tier, used.reported, *cost, span.stored()]


NO_CALL = CallColumns(None, None, None, None, None, None, None, None, None)


def _call_columns(start: Invocation | None, end: Invocation | None) -> CallColumns:
    """Take each value from the terminal event, otherwise from the start event."""
    if end is None:
        if start is None:
            return NO_CALL
        return CallColumns(
            start.session_id, start.user_id, start.model_version, start.use_case, start.team, None, None, None, None
        )
    if start is None:
        start = end
    return CallColumns(
        end.session_id or start.session_id,
        end.user_id or start.user_id,
        end.model_version or start.model_version,
        end.use_case or start.use_case,
        end.team or start.team,
        end.status,
        end.token_count,
        end.latency_ms,
        end.latency_clamped or None,
    )


def latency_row(event: Event, latency: Latency) -> LatencyRow:
    """Return the PerformanceMetric of a latency event."""
    return LatencyRow(
        id=event.event_id,
        key=invocation_key(event.trace_id, event.span_id),
        metric_type=latency.metric_type,
        value=latency.value_ms,
        percentile=latency.percentile,
        timestamp=event.timestamp,
        model_id=latency.model_id,
        latency_clamped=latency.latency_clamped or None,
    )


def aggregate_row(event: Event, aggregate: Aggregate, used_model: str) -> AggregateRow:
    """Return the PerformanceMetric of an aggregate: its value is the average latency."""
    return AggregateRow(
        used_model=used_model,
        model_id=aggregate.model_id,
        id=event.event_id,
        metric_type=aggregate.metric_type,
        value=aggregate.avg_latency_ms,
        provider=aggregate.provider,
        timestamp=event.timestamp,
        window_start=aggregate.window_start,
        window_end=aggregate.window_end,
        total_invocations=aggregate.total_invocations,
        avg_latency_ms=aggregate.avg_latency_ms,
        p95_latency_ms=aggregate.p95_latency_ms,
        error_rate=aggregate.error_rate,
        latency_clamped=aggregate.latency_clamped or None,
    )


def error_row(event: Event, failure: Failure) -> ErrorRow:
    """Return the Error of an error event."""
    return ErrorRow(
        id=event.event_id,
        key=invocation_key(event.trace_id, event.span_id),
        error_type=failure.error_type,
        message=failure.message,
        severity=failure.severity,
        caused_by=failure.caused_by,
        timestamp=event.timestamp,
        model_id=failure.model_id,
        provider=failure.provider,
        trace_id=event.trace_id,
        span_id=event.span_id,
    )
