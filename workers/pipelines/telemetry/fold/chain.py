"""The spans of a trace in the order of event time, for FOLLOWED_BY."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise


class Chain:
    """Sorted ``(timestamp, span_id)``, with a mark on each span whose successor may differ from the graph."""

    __slots__ = ("_had_successor", "order")

    def __init__(self) -> None:
        self.order: list[tuple[int, str]] = []
        self._had_successor: dict[str, bool] = {}

    @property
    def changed(self) -> bool:
        """Tell whether this batch may have given any span another successor."""
        return bool(self._had_successor)

    def place(self, timestamp: int, span_id: str) -> None:
        """Insert a span; the span before it gets another successor."""
        place = (timestamp, span_id)
        order = self.order
        if not order:
            order.append(place)
            return
        if place > order[-1]:  # the usual case
            index = len(order)
            order.append(place)
        else:
            index = bisect_left(order, place)
            order.insert(index, place)
        self._had_successor.setdefault(span_id, False)
        if index:
            self._had_successor.setdefault(order[index - 1][1], index < len(order) - 1)

    def move(self, before: int, timestamp: int, span_id: str) -> None:
        """Change a span's timestamp from ``before``, and its place."""
        index = bisect_left(self.order, (before, span_id))
        had_successor = index < len(self.order) - 1
        self._had_successor.setdefault(span_id, had_successor)
        if index:
            self._had_successor.setdefault(self.order[index - 1][1], True)
        del self.order[index]
        self.place(timestamp, span_id)

    def outdated(self) -> Iterator[str]:
        """Return the spans whose successor in the graph is outdated."""
        return (span_id for span_id, had_successor in self._had_successor.items() if had_successor)

    def added(self) -> Iterator[tuple[str, str, int]]:
        """Return the new neighbours: ``(span_id, its successor, milliseconds between their timestamps)``."""
        marked = self._had_successor
        for (timestamp, span_id), (next_timestamp, successor) in pairwise(self.order):
            if span_id in marked:
                yield span_id, successor, next_timestamp - timestamp
