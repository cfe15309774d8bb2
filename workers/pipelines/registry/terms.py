"""What a model's row said from one ``effective_from`` until the next: its version, its prices, its context window."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from workers.pipelines.registry.limits import MAX_PRICES_IN_STATE
from workers.pipelines.registry.model import Prices


class Terms(NamedTuple):
    """What holds together. ``context_window`` in tokens."""

    version: str | None
    context_window: int | None
    prices: Prices


class TermsByTime:
    """Terms in the order of ``effective_from`` (epoch milliseconds), with marks on those that this batch changes."""

    def __init__(self, terms: Iterable[tuple[int, Terms]] = ()) -> None:
        self._terms = dict(terms)
        self._order = sorted(self._terms)
        self._changed: set[int] = set()

    def place(self, effective_from: int, terms: Terms) -> None:
        """Let terms hold from a time on: late ones in their place, ones of a known time as its correction."""
        if self._terms.get(effective_from) == terms:
            return
        if effective_from not in self._terms:
            before = bisect_left(self._order, effective_from) - 1
            if before >= 0:
                self._changed.add(self._order[before])  # it ends earlier now
            insort(self._order, effective_from)
        self._terms[effective_from] = terms
        self._changed.add(effective_from)

    def mark_all(self) -> None:
        """Let all of it be written again."""
        self._changed.update(self._order)

    def changed(self) -> Iterator[tuple[int, int | None, Terms]]:
        """Terms to be written: from when, until when (``None``: further notice), and what."""
        for effective_from, until in zip_longest(self._order, self._order[1:]):
            if effective_from in self._changed:
                yield effective_from, until, self._terms[effective_from]

    def dump(self) -> list[Any]:
        """Return the latest terms as plain values, for JSON."""
        return [[at, *self._terms[at][:2], list(self._terms[at].prices)] for at in self._order[-MAX_PRICES_IN_STATE:]]

    @classmethod
    def load(cls, rows: Iterable[list[Any]]) -> "TermsByTime":
        """The inverse of ``dump``."""
        return cls((at, Terms(version, window, Prices(*prices))) for at, version, window, prices in rows)
