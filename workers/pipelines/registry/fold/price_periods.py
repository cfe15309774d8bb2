"""Price periods: version, prices and context window of a model from one ``effective_from`` to the next."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from workers.pipelines.registry.events import Prices
from workers.pipelines.registry.limits import MAX_PRICES_IN_STATE


class PricePeriod(NamedTuple):
    """The values of one period. ``context_window`` in tokens."""

    version: str | None
    context_window: int | None
    prices: Prices


class PricePeriods:
    """Periods in the order of ``effective_from`` (epoch milliseconds), with marks on those that this batch changes."""

    def __init__(self, periods: Iterable[tuple[int, PricePeriod]] = ()) -> None:
        self._periods = dict(periods)
        self._order = sorted(self._periods)
        self._changed: set[int] = set()

    def put(self, effective_from: int, period: PricePeriod) -> None:
        """Add a period, also between others; a period with a known ``effective_from`` is corrected."""
        if self._periods.get(effective_from) == period:
            return
        if effective_from not in self._periods:
            before = bisect_left(self._order, effective_from) - 1
            if before >= 0:
                self._changed.add(self._order[before])  # it ends earlier now
            insort(self._order, effective_from)
        self._periods[effective_from] = period
        self._changed.add(effective_from)

    def mark_all(self) -> None:
        """Mark all periods as changed."""
        self._changed.update(self._order)

    def changed(self) -> Iterator[tuple[int, int | None, PricePeriod]]:
        """Return the changed periods: start, end (``None`` for the last one) and values."""
        for effective_from, until in zip_longest(self._order, self._order[1:]):
            if effective_from in self._changed:
                yield effective_from, until, self._periods[effective_from]

    def dump(self) -> list[Any]:
        """Return the latest periods as plain values for JSON."""
        return [
            [at, *self._periods[at][:2], list(self._periods[at].prices)] for at in self._order[-MAX_PRICES_IN_STATE:]
        ]

    @classmethod
    def load(cls, rows: Iterable[list[Any]]) -> "PricePeriods":
        """Return the periods of dumped values."""
        return cls((at, PricePeriod(version, window, Prices(*prices))) for at, version, window, prices in rows)
