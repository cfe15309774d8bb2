"""The records of one span."""

from collections.abc import Iterator
from random import Random
from typing import Any

from workers.dev.sample.records import ids
from workers.dev.sample.records.counting import counted
from workers.dev.sample.records.sampled import ERROR, INVOCATION, LATENCY, SOURCE, TOKENS, Sampled
from workers.dev.sample.records.span import Failure, Span, Status, Trace

STREAMED_SHARE = 0.4


def records_of(random: Random, trace: Trace, span: Span) -> Iterator[Sampled]:
    """Return the span's records in the order of event time: start, error if any, tokens, latency, end."""
    return SpanRecords(random, trace, span).all()


class SpanRecords:
    """Writes the records of one span. Times are milliseconds since the epoch."""

    def __init__(self, random: Random, trace: Trace, span: Span) -> None:
        self._random = random
        self._trace = trace
        self._span = span
        self._latency_ms = round(span.end - span.call.timestamp, 3)
        self._start = int(span.call.timestamp)
        self._end = int(span.call.timestamp + self._latency_ms)

    def all(self) -> Iterator[Sampled]:
        """Return every record, in the order of event time."""
        span = self._span
        yield self._started()
        if self._random.random() < STREAMED_SHARE and span.first_token_ms < self._latency_ms:
            at = int(span.call.timestamp + span.first_token_ms)
            yield self._latency(at, "time_to_first_token", round(span.first_token_ms, 3))
        if span.failure is not None:
            yield self._error(span.failure)
        yield self._tokens()
        yield self._latency(self._end, "latency", self._latency_ms)
        yield self._ended(span.failure)

    def _started(self) -> Sampled:
        own = {"token_count": 0, "latency_ms": 0.0, "status": str(Status.SUCCESS)}  # the schema asks; it means nothing
        return self._invocation("llm.invocation.start", self._start, own)

    def _ended(self, failure: Failure | None) -> Sampled:
        call = self._span.call
        own = {
            "token_count": call.prompt_tokens + call.completion_tokens,
            "latency_ms": self._latency_ms,
            "status": str(failure.status if failure else Status.SUCCESS),
            "prompt_tokens": call.prompt_tokens,
            "completion_tokens": call.completion_tokens,
        }
        return self._invocation(f"llm.invocation.{'error' if failure else 'complete'}", self._end, own)

    def _invocation(self, event_type: str, timestamp: int, own: dict[str, Any]) -> Sampled:
        parent, session = self._span.parent, self._trace.session
        context = {
            "metadata": _labels(self._span) | {"use_case": session.use_case, "team": session.team},
            "parent_span_id": parent.span_id if parent else None,
            "session_id": session.session_id,
            "user_id": session.user_id,
            "classification": session.classification,
        }
        return self._record(INVOCATION, event_type, timestamp, context | own)

    def _tokens(self) -> Sampled:
        return self._record(TOKENS, "llm.tokens.consumed", self._end, counted(self._span))

    def _latency(self, timestamp: int, metric_type: str, value_ms: float) -> Sampled:
        return self._record(
            LATENCY, "llm.latency.measured", timestamp, {"metric_type": metric_type, "value_ms": value_ms}
        )

    def _error(self, failure: Failure) -> Sampled:
        own = {
            "event_id": failure.error_id,
            "error_type": failure.error_type,
            "message": failure.message,
            "severity": failure.severity,
            "caused_by": failure.caused_by,
        }
        return self._record(ERROR, "llm.error.occurred", self._end, own)

    def _record(self, record_name: str, event_type: str, timestamp: int, own: dict[str, Any]) -> Sampled:
        """Return a record; optional fields that are not given get their schema's default."""
        trace_id, model = self._trace.trace_id, self._span.model
        fields = {
            "event_id": ids.event_id(self._random),
            "event_type": event_type,
            "timestamp": timestamp,
            "model_id": model.model_id,
            "provider": model.provider,
            "trace_id": trace_id,
            "span_id": self._span.span_id,
            "metadata": {"source": SOURCE},
        }
        return Sampled(record_name, fields | own, trace_id)


def _labels(span: Span) -> dict[str, str]:
    labels = {"source": SOURCE, "gen_ai.operation.name": str(span.operation)}
    if span.retry_of is not None:
        labels |= {"attempt": str(span.attempt), "retry_of": span.retry_of.span_id}
        if span.model.model_id != span.retry_of.model.model_id:
            labels["fallback_from"] = span.retry_of.model.model_id
    return labels
