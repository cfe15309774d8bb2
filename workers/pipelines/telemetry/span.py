"""What is remembered of one span: no more than decides how the next event changes it."""

from msgspec import Struct

from workers.pipelines.telemetry.model import Invocation, Tokens

NOWHERE = -1
"""The timestamp of a span that has no place in its trace yet."""


class Named(Struct, frozen=True, array_like=True, gc=False):
    """The model and provider that an event named."""

    model_id: str
    provider: str


class Span(Struct, array_like=True, gc=False):
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
