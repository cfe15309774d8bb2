"""Alias periods: the aliases that a model has had, and when."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from workers.pipelines.registry.limits import MAX_PRICES_IN_STATE


class AliasPeriod(NamedTuple):
    """The aliases of the row that holds from ``since``, as they were from ``at`` on (epoch milliseconds)."""

    since: int
    at: int
    aliases: tuple[str, ...]


class AliasPeriods:
    """Periods in the order of their rows' ``effective_from``, then of time.

    Other aliases under an unchanged ``effective_from`` hold from the commit of the change: an alias that moves to
    another model leaves the calls before where they are.
    """

    def __init__(self, periods: Iterable[AliasPeriod] = ()) -> None:
        self._periods = sorted(periods, key=lambda period: period[:2])

    def put(self, since: int, committed_at: int, aliases: tuple[str, ...]) -> None:
        """Take the aliases of a row. They correct a row that had ended when they were committed."""
        of_row = [each for each in self._periods if each.since == since]
        if of_row and of_row[-1].aliases == aliases:
            return
        ends = min((each.since for each in self._periods if each.since > since), default=None)
        at = max(since, committed_at) if of_row else since
        if ends is not None and at >= ends:
            at = since
        kept = [each for each in self._periods if each.since != since or each.at < at]
        self._periods = sorted([*kept, AliasPeriod(since, at, aliases)], key=lambda period: period[:2])

    def history(self) -> list[tuple[int, tuple[str, ...]]]:
        """Return the aliases with the time from which the model has them; one entry where they have never changed."""
        shown: list[tuple[int, tuple[str, ...]]] = []
        for period in self._periods:
            if not self._ended(period) and (not shown or shown[-1][1] != period.aliases):
                shown.append((period.at, period.aliases))
        return shown

    def _ended(self, period: AliasPeriod) -> bool:
        """Tell whether another row was in force already at its time."""
        return any(period.since < each.since <= period.at for each in self._periods)

    def dump(self) -> list[Any]:
        """Return the latest periods as plain values for JSON."""
        return [list(period) for period in self._periods[-MAX_PRICES_IN_STATE:]]

    @classmethod
    def load(cls, rows: Iterable[Sequence[Any]]) -> "AliasPeriods":
        """Return the periods of dumped values."""
        return cls(AliasPeriod(since, at, tuple(aliases)) for since, at, aliases in rows)
