"""The state: one trace with its spans, and marks on what this batch changes."""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct, msgpack

from workers.core.report import Skipped
from workers.pipelines.telemetry.cost import Priced
from workers.pipelines.telemetry.events import Aggregate, Event, Failure, Latency
from workers.pipelines.telemetry.fold.causes import Causes
from workers.pipelines.telemetry.fold.chain import Chain
from workers.pipelines.telemetry.fold.span import NO_TIMESTAMP, Clamped, Named, Span
from workers.pipelines.telemetry.limits import MAX_IDS_OF_SPAN

PayloadT = TypeVar("PayloadT")
FromEvent: TypeAlias = tuple[int, Event, PayloadT]
"""The offset of an event, the event, and its payload."""


class Ended(Struct, frozen=True, gc=False):
    """A call that has ended, for the metrics.

    ``priced``  that of its trace
    ``before``  what the call was, if it had ended already and has changed
    """

    span: Span
    priced: Mapping[str, Priced]
    before: Span | None = None


_encode = msgpack.Encoder().encode
_decode_spans = msgpack.Decoder(list[Span]).decode


class Trace:
    """Spans, their order, their errors and the identities of their events.

    It can be dumped as one text of bytes, and be restored from the spans that the graph has.

    The other fields mark changes of this batch. ``changed`` has the former model of each span with a new event,
    ``reparented`` its former parent (``None`` for a new one); ``names`` has provider and model as events name them;
    ``latencies``, ``failures`` and ``aggregates`` have events that become nodes, with their offsets;
    ``priced`` has what the plan found for each changed span; ``observations`` has what the metrics count.
    """

    __slots__ = (
        "_children_of_missing",
        "aggregates",
        "causes",
        "chain",
        "changed",
        "failures",
        "latencies",
        "names",
        "observations",
        "priced",
        "reparented",
        "seen",
        "spans",
        "trace_id",
    )

    def __init__(self) -> None:
        self.trace_id = ""
        self.seen: set[str] = set()
        self.spans: dict[str, Span] = {}
        self.chain = Chain()
        self.causes = Causes(self.spans)
        self._children_of_missing: dict[str, list[str]] = {}

        self.changed: dict[str, Named | None] = {}
        self.reparented: dict[str, str | None] = {}
        self.names: list[tuple[str, str]] = []
        self.latencies: list[FromEvent[Latency]] = []
        self.failures: list[FromEvent[Failure]] = []
        self.aggregates: list[FromEvent[Aggregate]] = []
        self.priced: dict[str, Priced] = {}
        self.observations: list[Clamped | Ended | Skipped] = []

    def open(self, span_id: str, event_id: str) -> Span:
        """Add a span, and mark the spans that name it as their parent."""
        span = self.spans[span_id] = Span(span_id, event_id)
        self.changed[span_id] = None
        if span_id in self._children_of_missing:
            for child in self._children_of_missing.pop(span_id):
                self.reparented.setdefault(child, None)
        return span

    def see(self, span: Span, event: str) -> None:
        """Mark a span as changed by the event of an identity, before it changes."""
        if span.span_id not in self.changed:
            source = span.source_event()
            self.changed[span.span_id] = Named(source.provider, source.model_id, span.timestamp)
        self.seen.add(event)
        insort(span.seen, event)
        if len(span.seen) > MAX_IDS_OF_SPAN:
            self.seen.discard(span.seen.pop(0))

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
        """Return the trace without marks, as bytes."""
        return _encode([self.spans[span_id] for _, span_id in self.chain.order])

    @classmethod
    def load(cls, dumped: bytes) -> "Trace":
        """Return the trace of dumped bytes, without marks."""
        return cls._of(_decode_spans(dumped))

    @classmethod
    def restore(cls, stored: Sequence[Any]) -> "Trace":
        """Return the trace of its stored spans, in any order, without marks."""
        return cls._of(sorted(map(Span.restore, stored), key=lambda span: (span.timestamp, span.span_id)))

    @classmethod
    def _of(cls, spans: Iterable[Span]) -> "Trace":
        trace = cls()
        for span in spans:
            trace.spans[span.span_id] = span
            trace.seen.update(span.seen)
            trace.chain.order.append((span.timestamp, span.span_id))
        trace.causes.restore(trace.spans.values())
        for span in trace.spans.values():
            if span.parent is not None:
                trace._wait_for_parent(span.parent, span.span_id)
        return trace

    def _wait_for_parent(self, parent: str, child: str) -> None:
        if parent not in self.spans:
            self._children_of_missing.setdefault(parent, []).append(child)
