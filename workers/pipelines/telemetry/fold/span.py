"""One span of a trace: the events that decide about it."""

from typing import Any, NamedTuple

from msgspec import Struct, field, msgpack

from workers.pipelines.telemetry.events import COMPLETE, ERROR, START, Invocation, Tokens, identity

_encode = msgpack.Encoder().encode

NO_TIMESTAMP = -1
"""The timestamp of a span without a place in its trace."""


class NamedModel(Struct, frozen=True, array_like=True, gc=False):
    """The model and the provider that an event names."""

    model_id: str
    provider: str


class Named(NamedTuple):
    """What decided about the model of a call before its events of this batch."""

    provider: str
    model_id: str
    timestamp: int


class Clamped(NamedTuple):
    """An event with a negative latency that counts as 0, for the metrics."""

    event_type: str


class RaisedError(Struct, frozen=True, array_like=True, gc=False):
    """An error and its span. ``caused_by`` is the id of the error that it names as its cause."""

    id: str
    span_id: str
    caused_by: str | None


class Span(Struct, array_like=True, gc=False):
    """The events that decide about a span, each with its time in epoch milliseconds.

    Most spans have one event, which the properties of their Invocation say as a whole. Any other is stored as bytes in
    the property ``folded``: there, the properties do not say which event a value is from. See ``STORED_SPANS``.

    ``id``       event_id of the first record of the log that named the span
    ``timestamp``, ``parent``  its start time and its parent, as the events of all earlier folds decide
    ``start``    the earliest start event, of two at one time the first in the log
    ``end``      the latest terminal event, of two at one time the last in the log
    ``tokens``   the latest token event, of two at one time the last in the log
    ``first``    the earliest event of any other kind, as long as there is no start and no end
    ``seen``     identities of its events, sorted; ``errors`` its errors, sorted by id: the stored bytes depend on no
                 order of arrival. ``limits`` says how many
    """

    span_id: str
    id: str
    timestamp: int = NO_TIMESTAMP
    parent: str | None = None
    start_at: int = 0
    start: Invocation | None = None
    end_at: int = 0
    end: Invocation | None = None
    tokens_at: int = 0
    tokens: Tokens | None = None
    first_at: int = 0
    first: NamedModel | None = None
    seen: list[str] = field(default_factory=list)
    errors: list[RaisedError] = field(default_factory=list)

    def stored(self) -> bytes | None:
        """Return the span as bytes, or ``None`` where the properties of its Invocation say the same.

        Bytes would be a quarter of what Neo4j does for a new span.
        """
        event = self.end or self.start
        if event is None or len(self.seen) > 1 or not _in_properties(event):
            return _encode(self)
        if self == _of_one_event(self.span_id, self.id, self.timestamp, event):
            return None
        return _encode(self)

    @classmethod
    def restore(cls, stored: Any) -> "Span":
        """Return the span of stored bytes, or of the properties of its Invocation as ``STORED_SPANS`` lists them."""
        if isinstance(stored, bytes):
            return _decode(stored)
        span_id, event_id, timestamp, *values = stored
        return _of_one_event(span_id, event_id, timestamp, Invocation(*values))

    def start_time(self) -> int:
        """Return the start of the call: by the start event, else the terminal event, else the earliest event."""
        if self.start is not None:
            return self.start_at
        if self.end is not None and self.end.latency_ms is not None:
            return round(self.end_at - self.end.latency_ms)
        return self.first_at

    def named_parent(self) -> str | None:
        """Return the parent by the terminal event, else by the start event."""
        end, start = self.end, self.start
        if end is not None and end.parent_span_id is not None:
            return end.parent_span_id
        return start.parent_span_id if start is not None else None

    def source_event(self) -> Invocation | NamedModel:
        """Return the event that decides about the model: terminal, else start, else the earliest one."""
        source = self.end or self.start or self.first
        if source is None:
            raise ValueError(f"span {self.span_id} exists without any event")
        return source


_decode = msgpack.Decoder(Span).decode


def _in_properties(event: Invocation) -> bool:
    """Tell whether the properties that ``STORED_SPANS`` lists have all that the event says."""
    return not event.latency_clamped and event.billing is None


def _of_one_event(span_id: str, event_id: str, timestamp: int, event: Invocation) -> Span:
    """Return a span with one event. A terminal event has the time of its end, which is later by its latency."""
    span = Span(span_id, event_id, timestamp, event.parent_span_id)
    if event.status is None:
        event_type = START
        span.start_at, span.start = timestamp, event
    else:  # a complete event with another status than SUCCESS is rare: its span is stored as bytes
        event_type = COMPLETE if event.status == "SUCCESS" else ERROR
        span.end_at, span.end = round(timestamp + (event.latency_ms or 0)), event
    span.seen.append(identity(event_id, event_type))
    return span
