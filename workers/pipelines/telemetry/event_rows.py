"""The row of a changed span, and the rows of events that are nodes by themselves."""

from workers.pipelines.telemetry.enrich import Terms, charge, counts
from workers.pipelines.telemetry.model import Aggregate, Event, Failure, Invocation, Latency
from workers.pipelines.telemetry.rows import AggregateRow, ErrorRow, InvocationRow, LatencyRow
from workers.pipelines.telemetry.span import Named, Span


def key_prefix(trace_id: str) -> str:
    """Return what comes before the span_id in the keys of a trace's Invocations (contract, "Graph")."""
    return f"{trace_id}/"


def invocation_row(trace_id: str, key: str, span: Span, told: Invocation | Named, terms: Terms) -> InvocationRow:
    """Fold the span's deciding events into the properties of its Invocation."""
    start, end, counted = span.start, span.end, counts(span)
    session_id = user_id = model_version = use_case = status = token_count = latency_ms = None
    if end is not None:
        status, token_count, latency_ms = end.status, end.token_count, end.latency_ms
        session_id, user_id, model_version, use_case = end.session_id, end.user_id, end.model_version, end.use_case
    if start is not None:
        session_id = session_id or start.session_id
        user_id = user_id or start.user_id
        model_version = model_version or start.model_version
        use_case = use_case or start.use_case
    return InvocationRow(
        told.model_id,
        key,
        span.id,
        trace_id,
        span.span_id,
        span.parent,
        session_id,
        user_id,
        told.provider,
        model_version,
        span.timestamp,
        status,
        token_count,
        latency_ms,
        *counted,
        *charge(counted, terms),
        use_case,
    )


def latency_row(event: Event, latency: Latency) -> LatencyRow:
    """Return the PerformanceMetric of a latency event."""
    return LatencyRow(
        event.event_id,
        key_prefix(event.trace_id) + event.span_id,
        latency.metric_type,
        latency.value_ms,
        latency.percentile,
        event.timestamp,
        latency.model_id,
    )


def aggregate_row(event: Event, aggregate: Aggregate) -> AggregateRow:
    """Return the PerformanceMetric of an aggregate: its value is the average latency."""
    return AggregateRow(
        aggregate.model_id,
        event.event_id,
        aggregate.metric_type,
        aggregate.avg_latency_ms,
        aggregate.provider,
        event.timestamp,
        aggregate.window_start,
        aggregate.window_end,
        aggregate.total_invocations,
        aggregate.avg_latency_ms,
        aggregate.p95_latency_ms,
        aggregate.error_rate,
    )


def error_row(event: Event, failure: Failure) -> ErrorRow:
    """Return the Error of an error event."""
    return ErrorRow(
        event.event_id,
        key_prefix(event.trace_id) + event.span_id,
        failure.error_type,
        failure.message,
        failure.severity,
        failure.caused_by,
        event.timestamp,
        failure.model_id,
        failure.provider,
        event.trace_id,
        event.span_id,
    )
