"""One span of a trace: the events that decide about it."""

from msgspec import Struct, field, msgpack

from workers.pipelines.telemetry.events import Invocation, Tokens

_encode = msgpack.Encoder().encode

NO_TIMESTAMP = -1
"""The timestamp of a span without a place in its trace."""


class NamedModel(Struct, frozen=True, array_like=True, gc=False):
    """The model and the provider that an event names."""

    model_id: str
    provider: str


class RaisedError(Struct, frozen=True, array_like=True, gc=False):
    """An error and its span. ``caused_by`` is the id of the error that it names as its cause."""

    id: str
    span_id: str
    caused_by: str | None


class Span(Struct, array_like=True, gc=False):
    """The events that decide about a span, each with its time in epoch milliseconds.

    It is stored as a whole in the property ``folded`` of its Invocation, and a trace is restored from its spans.

    ``id``       event_id of the first record of the log that named the span
    ``timestamp``, ``parent``  its start time and its parent, as the events of all earlier folds decide
    ``start``    the earliest start event, of two at one time the first in the log
    ``end``      the latest terminal event, of two at one time the last in the log
    ``tokens``   the latest token event, of two at one time the last in the log
    ``first``    the earliest event of any other kind, as long as there is no start and no end
    ``seen``     ids of its events, sorted; ``errors`` its errors, sorted by id: the stored bytes depend on no order of
                 arrival. ``limits`` says how many
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

    def stored(self) -> bytes:
        """Return the span as bytes, for its Invocation."""
        return _encode(self)

    @classmethod
    def restore(cls, stored: bytes) -> "Span":
        """Return the span of stored bytes."""
        return _decode(stored)

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
