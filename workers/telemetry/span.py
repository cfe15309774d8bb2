"""What is remembered of one span: no more than decides how the next event changes it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from workers.telemetry.model import Invocation, Tokens

NOWHERE = -1
"""The timestamp of a span that has no place in its trace yet."""


class Named(NamedTuple):
    """The model and provider that an event named."""

    model_id: str
    provider: str


@dataclass(slots=True)
class Span:
    """A span's deciding events, each with its time in epoch milliseconds.

    ``id``       event_id of the first record of the log that named the span
    ``timestamp``, ``parent``  what the events come to, as last settled
    ``start``    the earliest start event, of two at one time the first in the log
    ``end``      the latest terminal event, of two at one time the last in the log
    ``tokens``   the latest token event, likewise
    ``first``    the earliest event of any other kind, as long as there is no start and no end
    """

    span_id: str
    id: str
    timestamp: int = NOWHERE
    parent: str | None = None
    start_at: int = 0
    start: Invocation | None = None
    end_at: int = 0
    end: Invocation | None = None
    tokens_at: int = 0
    tokens: Tokens | None = None
    first_at: int = 0
    first: Named | None = None

    def begins(self) -> int:
        """When the call began (contract, "Folding rules"): as its start says, or its end, or the earliest event."""
        if self.start is not None:
            return self.start_at
        if self.end is not None and self.end.latency_ms is not None:
            return round(self.end_at - self.end.latency_ms)
        return self.first_at

    def named_parent(self) -> str | None:
        """Return the parent that the end names, else the start."""
        end, start = self.end, self.start
        if end is not None and end.parent_span_id is not None:
            return end.parent_span_id
        return start.parent_span_id if start is not None else None

    def told(self) -> Invocation | Named:
        """Return what says which model it was: the end, else the start, else the earliest event."""
        told = self.end or self.start or self.first
        if told is None:
            raise ValueError(f"span {self.span_id} exists although no event has told of it")
        return told

    def dump(self) -> list[Any]:
        """Return plain values in the order of ``ROW``, for JSON."""
        return [
            self.span_id,
            self.timestamp,
            self.parent,
            self.id,
            self.start_at,
            self.start and tuple(self.start),
            self.end_at,
            self.end and tuple(self.end),
            self.tokens_at,
            self.tokens and tuple(self.tokens),
            self.first_at,
            self.first and tuple(self.first),
        ]

    @classmethod
    def load(cls, row: list[Any]) -> "Span":
        """The inverse of ``dump``."""
        span_id, timestamp, parent, event_id, start_at, start, end_at, end, tokens_at, tokens, first_at, first = row
        return cls(
            span_id,
            event_id,
            timestamp,
            parent,
            start_at,
            start and Invocation._make(start),
            end_at,
            end and Invocation._make(end),
            tokens_at,
            tokens and Tokens._make(tokens),
            first_at,
            first and Named._make(first),
        )


ROW_SPAN_ID, ROW_TIMESTAMP, ROW_PARENT, ROW_END = 0, 1, 2, 7
"""Where a dumped span holds what is asked of spans that nobody touches: ``Span.load`` is for those that change."""
