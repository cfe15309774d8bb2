"""Fold one event into its trace (contract, "Folding rules"). The log's order matters only between equal times."""

from workers.pipelines.telemetry.causes import Raised
from workers.pipelines.telemetry.model import Aggregate, Event, Failure, Invocation, Latency, Tokens
from workers.pipelines.telemetry.span import Named, Span
from workers.pipelines.telemetry.trace import Trace


def fold(trace: Trace, event: Event) -> None:
    """Change ``trace`` by ``event``, which is of this trace or of none; an event seen before changes nothing."""
    if event.event_id in trace.seen:
        return
    payload = event.payload
    trace.seen[event.event_id] = None
    trace.models.append(payload.model_id)
    if isinstance(payload, Aggregate):
        trace.aggregates.append((event, payload))
    if event.trace_id:
        trace.trace_id = event.trace_id
        _fold_span(trace, trace.spans.get(event.span_id) or trace.open(event.span_id, event.event_id), event)


def _fold_span(trace: Trace, span: Span, event: Event) -> None:
    payload = event.payload
    if isinstance(payload, Invocation):
        _fold_invocation(trace, span, event.timestamp, payload)
        return
    _fold_first(trace, span, event)
    if isinstance(payload, Tokens):
        _fold_tokens(trace, span, event.timestamp, payload)
    elif isinstance(payload, Latency):
        trace.latencies.append((event, payload))
    elif isinstance(payload, Failure):
        trace.failures.append((event, payload))
        trace.causes.add(Raised(event.event_id, span.span_id, payload.caused_by))


def _fold_invocation(trace: Trace, span: Span, timestamp: int, told: Invocation) -> None:
    """Take the earliest start, the first of the log among equals; the latest end, the last of the log among equals."""
    if told.status is None:
        if span.start is not None and timestamp >= span.start_at:
            return
        trace.change(span)
        span.start_at, span.start = timestamp, told
    else:
        if span.end is not None and timestamp < span.end_at:
            return
        trace.change(span)
        span.end_at, span.end = timestamp, told
    span.first = None
    trace.settle(span)


def _fold_first(trace: Trace, span: Span, event: Event) -> None:
    """Let the earliest event stand in for start and end, as long as neither is known."""
    if span.start is None and span.end is None and (span.first is None or event.timestamp < span.first_at):
        trace.change(span)
        span.first_at, span.first = event.timestamp, Named(event.payload.model_id, event.payload.provider)
        trace.settle(span)


def _fold_tokens(trace: Trace, span: Span, timestamp: int, tokens: Tokens) -> None:
    """Take the latest token event, the last of the log among equals."""
    if span.tokens is None or timestamp >= span.tokens_at:
        trace.change(span)
        span.tokens_at, span.tokens = timestamp, tokens
