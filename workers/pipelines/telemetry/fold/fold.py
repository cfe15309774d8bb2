"""Fold one event into its trace. The order in the log matters only between events of equal time."""

from copy import copy

from msgspec.structs import replace

from workers.core.report import Skipped
from workers.pipelines.telemetry.events import (
    METRIC_CODES,
    Aggregate,
    Event,
    Failure,
    Invocation,
    Latency,
    Tokens,
    identity,
)
from workers.pipelines.telemetry.fold.span import Clamped, NamedModel, RaisedError, Span
from workers.pipelines.telemetry.fold.trace import Ended, Trace

DUPLICATE = "duplicate"
"""An event that the trace has already: the same event_id and event_type."""


def fold(trace: Trace, event: Event, offset: int) -> None:
    """Change ``trace`` by ``event``, which belongs to it or to no trace. A known event changes nothing."""
    seen = identity(event.event_id, event.event_type)
    if seen in trace.seen:
        trace.observations.append(Skipped(event.event_type, DUPLICATE, event.event_id))
        return
    payload = event.payload
    trace.names.append((payload.provider, payload.model_id))
    if getattr(payload, "latency_clamped", False):
        trace.observations.append(Clamped(event.event_type))
    if isinstance(payload, Aggregate):
        trace.aggregates.append((offset, _own_node(trace, event), payload))
    elif isinstance(payload, Latency):
        trace.latencies.append((offset, _own_node(trace, event), payload))
    if event.trace_id:
        trace.trace_id = event.trace_id
        span = trace.spans.get(event.span_id) or trace.open(event.span_id, event.event_id)
        trace.see(span, seen)
        _fold_span(trace, span, event, offset)


def _own_node(trace: Trace, event: Event) -> Event:
    """Return the event with the id of its PerformanceMetric: another one than that of an event of another type."""
    event_id, seen = event.event_id, trace.seen
    for code in METRIC_CODES:
        if code + event_id in seen:
            return replace(event, event_id=f"{event_id}#{event.event_type}")
    return event


def _fold_span(trace: Trace, span: Span, event: Event, offset: int) -> None:
    payload = event.payload
    if isinstance(payload, Invocation):
        _fold_invocation(trace, span, event.timestamp, payload)
        return
    _fold_first(trace, span, event)
    if isinstance(payload, Tokens):
        _note_change(trace, span)
        _fold_tokens(span, event.timestamp, payload)
    elif isinstance(payload, Failure):
        trace.failures.append((offset, event, payload))
        trace.causes.add(RaisedError(event.event_id, span.span_id, payload.caused_by))


def _fold_invocation(trace: Trace, span: Span, timestamp: int, invocation: Invocation) -> None:
    """Keep the earliest start event (of equal times the first) and the latest terminal event (the last)."""
    ends = invocation.status is not None and span.end is None
    _note_change(trace, span)
    if invocation.status is None:
        if span.start is not None and timestamp >= span.start_at:
            return
        span.start_at, span.start = timestamp, invocation
    else:
        if span.end is not None and timestamp < span.end_at:
            return
        span.end_at, span.end = timestamp, invocation
    span.first = None
    trace.reorder(span)
    if ends:
        trace.observations.append(Ended(span, trace.priced))


def _note_change(trace: Trace, span: Span) -> None:
    """Keep what an ended call was before a late event about it."""
    if span.end is not None:
        trace.observations.append(Ended(span, trace.priced, copy(span)))


def _fold_first(trace: Trace, span: Span, event: Event) -> None:
    """Keep the earliest event, as long as there is no start event and no terminal event."""
    if span.start is None and span.end is None and (span.first is None or event.timestamp < span.first_at):
        span.first_at, span.first = event.timestamp, NamedModel(event.payload.model_id, event.payload.provider)
        trace.reorder(span)


def _fold_tokens(span: Span, timestamp: int, tokens: Tokens) -> None:
    """Keep the latest token event; with equal times the last one."""
    if span.tokens is None or timestamp >= span.tokens_at:
        span.tokens_at, span.tokens = timestamp, tokens
