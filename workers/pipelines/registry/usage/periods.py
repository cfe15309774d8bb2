"""The procedure that finds windows of time that are over, have calls, and have not been counted yet."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from workers.core.job import Step
from workers.core.reference import Query
from workers.pipelines.registry.instant import DAY_MS
from workers.pipelines.registry.policy import Usage
from workers.pipelines.registry.usage.queries import NEW_PERIODS, PERIODS_FOUND

PAGE = 1_000
EARLIEST = 0
HISTORY_SECONDS = 3_600.0
"""How often all of history is looked through, for calls of long ago that came late or were there before."""


class Periods(NamedTuple):
    """Looks through the windows of the last ``back_ms`` milliseconds; ``None`` for all of history."""

    name: str
    every_seconds: float
    usage: Usage
    back_ms: int | None

    def question(self, now_ms: int) -> Query:
        since = EARLIEST if self.back_ms is None else now_ms - self.back_ms
        until = now_ms - self.usage.late_ms
        about = {"since": since, "until": until, "day": DAY_MS, "length": self.usage.window_ms, "page": PAGE}
        return Query(NEW_PERIODS, about)

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:
        if rows:
            starts = [row["start"] for row in rows]
            found = {"starts": starts, "length": self.usage.window_ms, "now": now_ms}
            yield Step([], Query(PERIODS_FOUND, found))


def recent_periods(usage: Usage) -> Periods:
    """Find windows soon after they are over, and those within which calls come late for the first time."""
    back_ms = max(usage.restate_ms, DAY_MS) + usage.window_ms + usage.late_ms
    return Periods("usage_periods", usage.every_seconds, usage, back_ms)


def past_periods(usage: Usage) -> Periods:
    """Find whatever there is: of a graph that has calls already, and of traces that are replayed."""
    return Periods("usage_history", HISTORY_SECONDS, usage, None)
