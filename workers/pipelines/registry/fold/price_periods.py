"""Price periods: version, prices and context window of a model from one time to the next.

A period begins at a row's ``effective_from``. If the row's prices change later, and its ``effective_from`` does not,
what has been paid until then stays: the new prices begin at the commit of the change. Such a period of a row ends where
a later row begins; one that begins before it replaces it, and it stays as a period of no length.
"""

from bisect import insort
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from workers.pipelines.registry.events import Prices
from workers.pipelines.registry.limits import MAX_PRICES_IN_STATE


class PricePeriod(NamedTuple):
    """The values of one period. ``context_window`` in tokens; ``tiers`` and ``variants`` as in ``Metadata``."""

    version: str | None
    context_window: int | None
    prices: Prices
    tiers: str | None = None
    variants: str | None = None

    @property
    def priced(self) -> tuple[Any, ...]:
        """Return all that decides about a price."""
        return self[2:]


class Held(NamedTuple):
    """A period with the ``effective_from`` of its row; ``replaced`` if another one holds at its time."""

    period: PricePeriod
    effective_from: int
    replaced: bool = False


class PricePeriods:
    """Periods in the order of their starts (epoch milliseconds), with marks on those that this batch changes."""

    def __init__(self, periods: Iterable[tuple[int, Held]] = ()) -> None:
        self._periods = dict(periods)
        self._order = sorted(self._periods)
        self._changed: set[int] = set()

    def put(
        self, effective_from: int, period: PricePeriod, changed_at: int, *, correct: bool = False
    ) -> PricePeriod | None:
        """Add the period of a row, also between others; return the one whose prices it changes at the same time.

        Prices that change while ``effective_from`` stays hold from ``changed_at`` on, or with ``correct`` as if they
        had always been there. Version and context window are corrected without a trace.
        """
        start = self._latest_of(effective_from)
        known = None if start is None else self._periods[start].period
        if known == period:
            return None
        former = known if known is not None and known.priced != period.priced else None
        if start is None or (former is not None and correct):
            start = effective_from
            self._replace_after(effective_from)
        elif former is not None:
            start = max(start, changed_at)
        self._set(start, Held(period, effective_from))
        return former

    def mark_all(self) -> None:
        """Mark all periods as changed."""
        self._changed.update(self._order)

    def changed(self) -> Iterator[tuple[int, int | None, PricePeriod]]:
        """Return the changed periods: start, end (``None`` for the last one) and values."""
        in_force = [start for start in self._order if not self._periods[start].replaced]
        ends = dict(zip_longest(in_force, in_force[1:]))
        for start in self._order:
            if start in self._changed:
                yield start, ends.get(start, start), self._periods[start].period

    def dump(self) -> list[Any]:
        """Return the latest periods as plain values for JSON."""
        return [_dumped(start, self._periods[start]) for start in self._order[-MAX_PRICES_IN_STATE:]]

    @classmethod
    def load(cls, rows: Iterable[list[Any]]) -> "PricePeriods":
        """Return the periods of dumped values. Those of older versions have four: each begins with its row."""
        return cls((row[0], _loaded(row)) for row in rows)

    def _latest_of(self, effective_from: int) -> int | None:
        """Return the start of the row's latest period in force."""
        starts = (start for start, held in self._periods.items() if held.effective_from == effective_from)
        return max((start for start in starts if not self._periods[start].replaced), default=None)

    def _replace_after(self, effective_from: int) -> None:
        """Mark the later parts of earlier rows, and of this one, as replaced."""
        for start, held in self._periods.items():
            if held.effective_from <= effective_from < start and held.effective_from != start and not held.replaced:
                self._mark(start)
                self._periods[start] = held._replace(replaced=True)

    def _set(self, start: int, held: Held) -> None:
        if start not in self._periods:
            insort(self._order, start)
        self._periods[start] = held
        self._mark(start)

    def _mark(self, start: int) -> None:
        """Mark a period, and the one before it, whose end it changes."""
        before = [each for each in self._order if each < start and not self._periods[each].replaced]
        self._changed.update((start, *before[-1:]))


def _dumped(start: int, held: Held) -> list[Any]:
    version, window, prices, tiers, variants = held.period
    return [start, version, window, list(prices), tiers, variants, held.effective_from, held.replaced]


def _loaded(row: list[Any]) -> Held:
    start, version, window, prices, *rest = row
    tiers, variants, effective_from, replaced = rest or (None, None, start, False)
    return Held(PricePeriod(version, window, Prices(*prices), tiers, variants), effective_from, replaced)
