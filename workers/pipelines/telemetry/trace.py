"""The state: one trace, as far as it must be remembered, and marks on what this batch changes of it."""

from msgspec import Struct, msgpack

from workers.pipelines.telemetry.causes import Causes, Raised
from workers.pipelines.telemetry.chain import Chain
from workers.pipelines.telemetry.limits import MAX_EVENT_IDS_IN_STATE, MAX_SPANS_IN_STATE
from workers.pipelines.telemetry.model import Aggregate, Event, Failure, Latency
from workers.pipelines.telemetry.span import NOWHERE, Span


class Remembered(Struct, array_like=True, gc=False):
    """What is stored of a trace: event ids in the order of the log, errors likewise, spans in that of the chain."""

    seen: list[str]
    errors: list[Raised]
    spans: list[Span]


_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(Remembered).decode


class Trace:
    """Spans, their order, errors and the event ids seen; dumped between batches. The rest are marks.

    Between batches at most ``MAX_SPANS_IN_STATE`` spans stay: of a longer trace those leave that began first
    and have ended, or began first where too few have ended. The chain goes on from those that stay. A late
    event for one that left is taken for the first of its span; its relationships stay as they are.

    Marks: ``changed`` has the model of each changed span that the graph has (``None`` for a new one),
    ``reparented`` the parent likewise; ``models`` are those that events named; and events that are nodes.
    """

    __slots__ = (
        "_waiting",
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
        self._waiting: dict[str, list[str]] = {}

        self.changed: dict[str, str | None] = {}
        self.reparented: dict[str, str | None] = {}
        self.models: list[str] = []
        self.latencies: list[tuple[Event, Latency]] = []
        self.failures: list[tuple[Event, Failure]] = []
        self.aggregates: list[tuple[Event, Aggregate]] = []

    def open(self, span_id: str, event_id: str) -> Span:
        """Add a span; those that have named it as their parent have found it."""
        span = self.spans[span_id] = Span(span_id, event_id)
        self.changed[span_id] = None
        if span_id in self._waiting:
            for child in self._waiting.pop(span_id):
                self.reparented.setdefault(child, None)
        return span

    def change(self, span: Span) -> None:
        """Mark a span that is about to change."""
        if span.span_id not in self.changed:
            self.changed[span.span_id] = span.told().model_id

    def settle(self, span: Span) -> None:
        """Bring a changed span's place in the chain and its parent in line with what is now known."""
        timestamp = span.begins()
        if timestamp != span.timestamp:
            if span.timestamp == NOWHERE:
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
                self._await(parent, span.span_id)

    def dump(self) -> bytes:
        """Return what is to be remembered."""
        spans = [self.spans[span_id] for _, span_id in self.chain.order]
        return _encode(Remembered(list(self.seen)[-MAX_EVENT_IDS_IN_STATE:], self.causes.latest(), _latest(spans)))

    @classmethod
    def load(cls, dumped: bytes) -> "Trace":
        """The inverse of ``dump``, without marks."""
        remembered = _decode(dumped)
        trace = cls()
        trace.seen.update(dict.fromkeys(remembered.seen))
        trace.spans.update((span.span_id, span) for span in remembered.spans)
        trace.chain.order = [(span.timestamp, span.span_id) for span in remembered.spans]
        trace.causes.recall(remembered.errors)
        for span in remembered.spans:
            if span.parent is not None:
                trace._await(span.parent, span.span_id)
        return trace

    def _await(self, parent: str, child: str) -> None:
        if parent not in self.spans:
            self._waiting.setdefault(parent, []).append(child)


def _latest(spans: list[Span]) -> list[Span]:
    """Leave out as many spans as are too many: ended ones first, and of those the ones that began first."""
    excess = len(spans) - MAX_SPANS_IN_STATE
    if excess <= 0:
        return spans
    by_leave = sorted(range(len(spans)), key=lambda index: (spans[index].end is None, index))
    leaving = set(by_leave[:excess])
    return [span for index, span in enumerate(spans) if index not in leaving]
