"""The state: one trace, as far as it must be remembered, and marks on what this batch changes of it."""

from collections.abc import Iterable
from typing import Any

import orjson

from workers.telemetry.causes import Causes, Raised
from workers.telemetry.chain import Chain
from workers.telemetry.limits import MAX_EVENT_IDS_IN_STATE, MAX_SPANS_IN_STATE
from workers.telemetry.model import Aggregate, Event, Failure, Latency
from workers.telemetry.span import NOWHERE, ROW_END, ROW_PARENT, ROW_SPAN_ID, ROW_TIMESTAMP, Span


class Trace:
    """Spans, their order, errors and the event ids seen; dumped between batches. The rest are marks.

    Between batches at most ``MAX_SPANS_IN_STATE`` spans stay: of a longer trace those leave that began first
    and have ended, or began first where too few have ended. The chain goes on from those that stay. A late
    event for one that left is taken for the first of its span; its relationships stay as they are.

    Marks: ``changed`` has the model of each changed span that the graph has (``None`` for a new one),
    ``reparented`` the parent likewise; ``models`` are those that events named; and events that are nodes.
    """

    def __init__(self, seen: Iterable[str] = (), errors: Iterable[Raised] = (), rows: Iterable[list[Any]] = ()) -> None:
        self.trace_id = ""
        self.seen = dict.fromkeys(seen)
        self._dumped: dict[str, list[Any]] = {row[ROW_SPAN_ID]: row for row in rows}
        self._spans: dict[str, Span] = {}
        self._waiting: dict[str, list[str]] = {}
        self.chain = Chain([(row[ROW_TIMESTAMP], row[ROW_SPAN_ID]) for row in self._dumped.values()])
        self._parents: dict[str, str | None] = {span_id: row[ROW_PARENT] for span_id, row in self._dumped.items()}
        self.causes = Causes(errors, self._parents)
        for span_id, parent in self._parents.items():
            if parent is not None and parent not in self._dumped:
                self._waiting.setdefault(parent, []).append(span_id)

        self.changed: dict[str, str | None] = {}
        self.reparented: dict[str, str | None] = {}
        self.models: dict[str, None] = {}
        self.latencies: list[tuple[Event, Latency]] = []
        self.failures: list[tuple[Event, Failure]] = []
        self.aggregates: list[tuple[Event, Aggregate]] = []

    def find(self, span_id: str) -> Span | None:
        """Return the span, made of its dumped form when it is first asked for."""
        span = self._spans.get(span_id)
        if span is None and (row := self._dumped.pop(span_id, None)):
            span = self._spans[span_id] = Span.load(row)
        return span

    def span(self, span_id: str) -> Span:
        """Return a span that this batch has touched."""
        return self._spans[span_id]

    def open(self, span_id: str, event_id: str) -> Span:
        """Add a span; those that have named it as their parent have found it."""
        span = self._spans[span_id] = Span(span_id, event_id)
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
            self._parents[span.span_id] = span.parent = parent
            if parent is not None and parent not in self._spans and parent not in self._dumped:
                self._waiting.setdefault(parent, []).append(span.span_id)

    def parent_of(self, span_id: str) -> str | None:
        """Return the span_id of the parent, where span and parent are known."""
        return self._parents.get(span_id)

    def dump(self) -> bytes:
        """Return what is to be remembered, in the order of the chain, as JSON."""
        rows = [self._dumped.get(span_id) or self._spans[span_id].dump() for _, span_id in self.chain.order]
        seen = list(self.seen)[-MAX_EVENT_IDS_IN_STATE:]
        return orjson.dumps([seen, self.causes.dump(), _latest(rows)])

    @classmethod
    def load(cls, dumped: bytes) -> "Trace":
        """The inverse of ``dump``, without marks."""
        seen, errors, rows = orjson.loads(dumped)
        return cls(seen, map(Raised._make, errors), rows)


def _latest(rows: list[list[Any]]) -> list[list[Any]]:
    """Leave out as many spans as are too many: ended ones first, and of those the ones that began first."""
    excess = len(rows) - MAX_SPANS_IN_STATE
    if excess <= 0:
        return rows
    by_leave = sorted(range(len(rows)), key=lambda index: (rows[index][ROW_END] is None, index))
    leaving = set(by_leave[:excess])
    return [row for index, row in enumerate(rows) if index not in leaving]
