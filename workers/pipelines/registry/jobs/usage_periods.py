"""The job that finds windows of time that are over, have calls, and are not counted yet."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from workers.core.job import Step
from workers.core.reference import Query
from workers.pipelines.registry.jobs.usage_queries import NEW_PERIODS, PERIODS_FOUND
from workers.pipelines.registry.options import Usage
from workers.pipelines.registry.times import DAY_MS

PAGE = 1_000
EARLIEST = 0
HISTORY_SECONDS = 3_600.0
"""How often all windows are searched, for very late calls and for a graph that already has calls."""


class FindUsagePeriods(NamedTuple):
    """Searches the windows of the last ``back_ms`` milliseconds; ``None`` for all windows."""

    name: str
    every_seconds: float
    usage: Usage
    back_ms: int | None

    def query(self, now_ms: int) -> Query:
        since = EARLIEST if self.back_ms is None else now_ms - self.back_ms
        until = now_ms - self.usage.late_ms
        about = {"since": since, "until": until, "day": DAY_MS, "length": self.usage.window_ms, "page": PAGE}
        return Query(NEW_PERIODS, about)

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:
        if rows:
            starts = [row["start"] for row in rows]
            found = {"starts": starts, "length": self.usage.window_ms, "now": now_ms}
            yield Step([], Query(PERIODS_FOUND, found))


def recent_periods(usage: Usage) -> FindUsagePeriods:
    """Return the job for windows that have just ended, and for those that get their first late calls."""
    back_ms = max(usage.restate_ms, DAY_MS) + usage.window_ms + usage.late_ms
    return FindUsagePeriods("usage_periods", usage.every_seconds, usage, back_ms)


def past_periods(usage: Usage) -> FindUsagePeriods:
    """Return the job for all windows: of a graph that already has calls, and of replayed traces."""
    return FindUsagePeriods("usage_history", HISTORY_SECONDS, usage, None)
