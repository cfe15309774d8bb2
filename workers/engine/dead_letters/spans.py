"""The dead letters of one partition that wait, counted by spans of offsets.

Kafka deletes by offset, and a replay is noted by offset. So a span that either of them touches is forgotten as a
whole, and read again: nothing else is ever read twice, and no letter has to be remembered.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

SPAN = 2_000
"""Offsets of a span: what a change costs to read. Memory is about a kilobyte for each span."""


class Waiting(NamedTuple):
    """Dead letters of one code that were not replayed, and when the oldest failed, in epoch milliseconds."""

    letters: int
    oldest: int


@dataclass(slots=True)
class Span:
    """What was read of one span, from offset ``begin`` up to and without ``end``; the letters by code."""

    begin: int
    end: int
    codes: dict[str, Waiting] = field(default_factory=dict)


class PartitionSpans:
    """The spans of the offsets ``begin`` up to and without ``end``, and a bit for each replayed letter."""

    def __init__(self) -> None:
        self.begin = self.end = 0
        self.spans: dict[int, Span] = {}
        self._replayed: dict[int, int] = {}

    def keep(self, begin: int, end: int) -> None:
        """Note the offsets that Kafka has now. A span with others is forgotten."""
        self.begin, self.end = begin, end
        self.spans = {number: span for number, span in self.spans.items() if begin <= span.begin and span.end <= end}
        self._replayed = {number: bits for number, bits in self._replayed.items() if number >= begin // SPAN}

    def replayed(self, offset: int) -> None:
        """Note that a letter was replayed. Its span is forgotten."""
        if not self.begin <= offset < self.end or self.is_replayed(offset):
            return
        number = offset // SPAN
        self._replayed[number] = self._replayed.get(number, 0) | 1 << offset % SPAN
        self.spans.pop(number, None)

    def is_replayed(self, offset: int) -> bool:
        """Tell whether a letter was replayed."""
        return bool(self._replayed.get(offset // SPAN, 0) >> offset % SPAN & 1)

    def unread(self) -> tuple[int, int] | None:
        """Return the first offsets that must be read, from and up to; ``None`` where all were."""
        first: int | None = None
        for number in range(self.begin // SPAN, -(-self.end // SPAN)):
            span = self.spans.get(number)
            if first is None:
                read = span.end if span else max(self.begin, number * SPAN)
                first = read if read < min(self.end, (number + 1) * SPAN) else None
            elif span is not None:
                return first, span.begin
        return None if first is None else (first, self.end)

    def add(self, offset: int, code: str, failed_at: int) -> None:
        """Count the next letter of what ``unread`` returned."""
        span = self._read_up_to(offset + 1)
        if not self.is_replayed(offset):
            letters, oldest = span.codes.get(code, (0, failed_at))
            span.codes[code] = Waiting(letters + 1, min(oldest, failed_at))

    def finish(self, first: int, end: int) -> None:
        """Note that there are no more letters in what ``unread`` returned: offsets may have holes."""
        for number in range(first // SPAN, -(-end // SPAN)):
            self._read_up_to(min(end, (number + 1) * SPAN))

    def waiting_before(self, offset: int) -> int:
        """Count the letters before an offset that were not replayed."""
        offset = min(max(offset, self.begin), self.end)
        return offset - self.begin - sum(self._bits(number, offset) for number in self._replayed)

    def _read_up_to(self, end: int) -> Span:
        number = (end - 1) // SPAN
        span = self.spans.setdefault(number, Span(max(self.begin, number * SPAN), end))
        span.end = max(span.end, end)
        return span

    def _bits(self, number: int, end: int) -> int:
        """Count the replayed letters of a span from ``begin`` up to and without ``end``."""
        low, high = (min(max(offset - number * SPAN, 0), SPAN) for offset in (self.begin, end))
        return (self._replayed[number] >> low & (1 << high - low) - 1).bit_count()
