"""The procedure that counts the calls of a window of time, of all models at once, again and again while it is due."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from workers.core.job import Step
from workers.core.reference import Query
from workers.pipelines.registry.policy import Usage
from workers.pipelines.registry.usage.metrics import UNUSED, Metrics, metrics_of
from workers.pipelines.registry.usage.queries import PERIOD_COUNTED, PERIOD_DUE
from workers.pipelines.registry.usage.statement import statement_row

SHORTEST_MS = 60_000
"""Before a window is counted again, whatever ``late_minutes`` says."""


class Windows(NamedTuple):
    """Counts one window at a time, and states what has changed since it was counted before."""

    usage: Usage
    name: str = "usage_windows"

    @property
    def every_seconds(self) -> float:
        return self.usage.every_seconds

    def question(self, now_ms: int) -> Query:
        return Query(PERIOD_DUE, {"now": now_ms, "top": self.usage.top_use_cases})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:
        for period in rows:
            first = now_ms if period["counted_at"] is None else period["counted_at"]
            counted = {
                "start": period["start"],
                "now": now_ms,
                "counted_at": first,
                "count_at": next_count(first, now_ms, self.usage),
                "rows": list(restated(period)),
            }
            yield Step([], Query(PERIOD_COUNTED, counted))


def next_count(first: int, now_ms: int, usage: Usage) -> int | None:
    """Return when to count again what was counted first at ``first``, in epoch milliseconds; ``None`` for no more.

    Twice as long after the first count as now; and once more at the end, which is when restating ends.
    """
    last = first + usage.restate_ms
    if now_ms >= last:
        return None
    return min(first + max(2 * (now_ms - first), usage.late_ms, SHORTEST_MS), last)


def restated(period: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give a row for each model whose metrics are others than those that the graph has, in the order of ids."""
    known = {each["model_id"]: each for each in period["known"]}
    metrics = dict.fromkeys(known, UNUSED) | _metrics(period)
    for model_id, now in sorted(metrics.items(), key=lambda each: each[0]):
        before = known.get(model_id, {})
        if now.digest() != before.get("digest"):
            yield statement_row(model_id, period["start"], (before.get("revision") or 0) + 1, now)


def _metrics(period: Mapping[str, Any]) -> dict[str, Metrics]:
    use_cases = dict(period["use_cases"])
    return {each["model_id"]: metrics_of(each, use_cases.get(each["model_id"], ())) for each in period["counted"]}
