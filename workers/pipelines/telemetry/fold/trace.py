"""The state: one trace with its spans, and marks on what this batch changes."""

from typing import TypeAlias, TypeVar

from msgspec import Struct, msgpack

from workers.pipelines.telemetry.events import Aggregate, Event, Failure, Latency
from workers.pipelines.telemetry.fold.causes import Causes, RaisedError
from workers.pipelines.telemetry.fold.chain import Chain
from workers.pipelines.telemetry.fold.span import NO_TIMESTAMP, Span
from workers.pipelines.telemetry.limits import MAX_EVENT_IDS_IN_STATE, MAX_SPANS_IN_STATE


class StoredTrace(Struct, array_like=True, gc=False):
    """The stored part of a trace: event ids and errors in log order, spans in the order of the chain."""

    seen: list[str]
    errors: list[RaisedError]
    spans: list[Span]


PayloadT = TypeVar("PayloadT")
FromEvent: TypeAlias = tuple[int, Event, PayloadT]
"""The offset of an event, the event, and its payload."""

_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(StoredTrace).decode


class Trace:
    """Spans, their order, errors and the ids of seen events; dumped between batches.

    Between batches at most ``MAX_SPANS_IN_STATE`` spans stay. Of a longer trace, the earliest ended spans are removed
    first. The chain continues from the spans that stay. A late event of a removed span is taken for its first event;
    its relationships stay as they are.

    The other fields mark changes of this batch. ``changed`` has the former model of each changed span, ``reparented``
    its former parent (``None`` for a new one); ``models`` has the models that events name; ``latencies``, ``failures``
    and ``aggregates`` have events that become nodes, with their offsets.
    """

    __slots__ = (
        "_children_of_missing",
        "aggregates",
        "causes",
        "chain",
        "changed",
        "failures",
        "latencies",
        "models",
        "reparented",
        "seen",
        "spans",
        "trace_id",
    )

    def __init__(self) -> None:
        self.trace_id = ""
        self.seen: dict[str, None] = {}
        self.spans: dict[str, Span] = {}
        self.chain = Chain()
        self.causes = Causes(self.spans)
        self._children_of_missing: dict[str, list[str]] = {}

        self.changed: dict[str, str | None] = {}
        self.reparented: dict[str, str | None] = {}
        self.models: list[str] = []
        self.latencies: list[FromEvent[Latency]] = []
        self.failures: list[FromEvent[Failure]] = []
        self.aggregates: list[FromEvent[Aggregate]] = []

    def open(self, span_id: str, event_id: str) -> Span:
        """Add a span, and mark the spans that name it as their parent."""
        span = self.spans[span_id] = Span(span_id, event_id)
        self.changed[span_id] = None
        if span_id in self._children_of_missing:
            for child in self._children_of_missing.pop(span_id):
                self.reparented.setdefault(child, None)
        return span

    def change(self, span: Span) -> None:
        """Mark a span before it changes."""
        if span.span_id not in self.changed:
            self.changed[span.span_id] = span.source_event().model_id

    def reorder(self, span: Span) -> None:
        """Update a changed span's place in the chain, and its parent."""
        timestamp = span.start_time()
        if timestamp != span.timestamp:
            if span.timestamp == NO_TIMESTAMP:
                self.chain.place(timestamp, span.span_id)
            else:
                self.chain.move(span.timestamp, timestamp, span.span_id)
            span.timestamp = timestamp
        parent = span.named_parent()
        if parent != span.parent:
            self.reparented.setdefault(span.span_id, span.parent)
            self.causes.reparent(span.span_id, span.parent, parent)
            span.parent = parent
            if parent is not None:
                self._wait_for_parent(parent, span.span_id)

    def dump(self) -> bytes:
        """Return the stored part as bytes."""
        spans = [self.spans[span_id] for _, span_id in self.chain.order]
        return _encode(StoredTrace(list(self.seen)[-MAX_EVENT_IDS_IN_STATE:], self.causes.latest(), _latest(spans)))

    @classmethod
    def load(cls, dumped: bytes) -> "Trace":
        """Return the trace of dumped bytes, without marks."""
        stored = _decode(dumped)
        trace = cls()
        trace.seen.update(dict.fromkeys(stored.seen))
        trace.spans.update((span.span_id, span) for span in stored.spans)
        trace.chain.order = [(span.timestamp, span.span_id) for span in stored.spans]
        trace.causes.restore(stored.errors)
        for span in stored.spans:
            if span.parent is not None:
                trace._wait_for_parent(span.parent, span.span_id)
        return trace

    def _wait_for_parent(self, parent: str, child: str) -> None:
        if parent not in self.spans:
            self._children_of_missing.setdefault(parent, []).append(child)


def _latest(spans: list[Span]) -> list[Span]:
    """Remove spans above the limit: ended ones first, and of those the earliest."""
    excess = len(spans) - MAX_SPANS_IN_STATE
    if excess <= 0:
        return spans
    removal_order = sorted(range(len(spans)), key=lambda index: (spans[index].end is None, index))
    removed = set(removal_order[:excess])
    return [span for index, span in enumerate(spans) if index not in removed]
