"""The job that counts the calls of each model in a window of time, again and again while late events may come."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import orjson

from workers.core.job import Step
from workers.core.node_key import version_id
from workers.core.reference import Query
from workers.pipelines.registry.jobs.usage_queries import PERIOD_COUNTED, PERIOD_DUE
from workers.pipelines.registry.options import Usage
from workers.pipelines.registry.times import iso_seconds


class UsageStatistics(NamedTuple):
    """The usage of a model in a window: latency in milliseconds, the error rate from 0 to 1.

    Use cases are the most frequent ones, the most frequent first, each with the number of calls that name it.
    """

    total_invocations: int
    unique_users: int
    avg_latency_ms: float | None
    error_rate: float
    top_use_cases: tuple[tuple[str, int], ...]

    def plain(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        top = [{"use_case": use_case, "count": uses} for use_case, uses in self.top_use_cases]
        return {**self._asdict(), "top_use_cases": top}

    def digest(self) -> str:
        """Return a digest of the numbers, 32 hex digits."""
        return sha256(orjson.dumps(self.plain())).hexdigest()[:32]


UNUSED = UsageStatistics(0, 0, None, 0.0, ())
"""The usage of a model whose calls have all moved to other models since the last count."""


def metrics_of(counted: Mapping[str, Any], use_cases: Iterable[tuple[str, int]]) -> UsageStatistics:
    """Compute the usage of a model with calls.

    ``counted`` has ``total``, ``users``, ``failed``, and of the calls that were ``measured`` the sum ``latency_us``
    in whole microseconds.
    """
    total, measured = counted["total"], counted["measured"]
    return UsageStatistics(
        total,
        counted["users"],
        round(counted["latency_us"] / measured / 1000, 3) if measured else None,
        round(counted["failed"] / total, 6),
        tuple((use_case, uses) for use_case, uses in use_cases),
    )


NAMESPACE = uuid5(NAMESPACE_URL, "memory-graph/registry/usage-stats")


def window_id(model_id: str, start: int) -> str:
    """Return the key of a UsageWindow; ``start`` in epoch milliseconds."""
    return version_id(model_id, iso_seconds(start))


def stats_id(window: str, revision: int, digest: str) -> str:
    """Return the id of statistics. A repetition has the same id, a correction another, even back to earlier numbers."""
    return str(uuid5(NAMESPACE, f"{window}#{revision}#{digest}"))


def statement_row(model_id: str, start: int, revision: int, metrics: UsageStatistics) -> dict[str, Any]:
    """Return the properties of a UsageWindow."""
    window, digest, plain = window_id(model_id, start), metrics.digest(), metrics.plain()
    return {
        **plain,
        "top_use_cases": orjson.dumps(plain["top_use_cases"]).decode(),
        "id": window,
        "model_id": model_id,
        "revision": revision,
        "digest": digest,
        "stats_id": stats_id(window, revision, digest),
    }


SHORTEST_MS = 60_000
"""The shortest time before a window is counted again, also with a smaller ``late_minutes``."""


class CountUsage(NamedTuple):
    """Counts one window at a time, and stores what has changed since the count before."""

    usage: Usage
    name: str = "usage_windows"

    @property
    def every_seconds(self) -> float:
        return self.usage.every_seconds

    def query(self, now_ms: int) -> Query:
        return Query(PERIOD_DUE, {"now": now_ms, "top": self.usage.top_use_cases})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:
        for period in rows:
            first = now_ms if period["counted_at"] is None else period["counted_at"]
            counted = {
                "start": period["start"],
                "now": now_ms,
                "counted_at": first,
                "count_at": next_count(first, now_ms, self.usage),
                "rows": list(changed_rows(period)),
            }
            yield Step([], Query(PERIOD_COUNTED, counted))


def next_count(first: int, now_ms: int, usage: Usage) -> int | None:
    """Return when to count a window again that was first counted at ``first``; ``None`` for never (epoch ms).

    Twice as long after the first count as now; and once more at the end, which is when restating ends.
    """
    last = first + usage.restate_ms
    if now_ms >= last:
        return None
    return min(first + max(2 * (now_ms - first), usage.late_ms, SHORTEST_MS), last)


def changed_rows(period: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each model whose statistics differ from the graph, in the order of ids."""
    known = {each["model_id"]: each for each in period["known"]}
    metrics = dict.fromkeys(known, UNUSED) | _metrics(period)
    for model_id, now in sorted(metrics.items(), key=lambda each: each[0]):
        before = known.get(model_id, {})
        if now.digest() != before.get("digest"):
            yield statement_row(model_id, period["start"], (before.get("revision") or 0) + 1, now)


def _metrics(period: Mapping[str, Any]) -> dict[str, UsageStatistics]:
    use_cases = dict(period["use_cases"])
    return {each["model_id"]: metrics_of(each, use_cases.get(each["model_id"], ())) for each in period["counted"]}
