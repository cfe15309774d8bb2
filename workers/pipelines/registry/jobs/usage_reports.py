"""The job that sends the statistics of each window to the registry's API, or to a topic without an API."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from workers.core.job import Call, Publish, Step, wait_after_refusals_ms
from workers.core.reference import Query
from workers.pipelines.registry.jobs.usage_queries import WINDOW_POSTED, WINDOW_REFUSED, WINDOWS_DUE
from workers.pipelines.registry.options import Usage
from workers.pipelines.registry.times import iso_seconds

PAGE = 500
RECORD = "com.llm.registry.usage.UsageStats"
METRICS = ("total_invocations", "unique_users", "avg_latency_ms", "error_rate")


class SendUsageReports(NamedTuple):
    """Sends statistics one by one, those that have waited longest first."""

    usage: Usage
    has_api: bool
    name: str = "usage_reports"

    @property
    def every_seconds(self) -> float:
        return self.usage.every_seconds

    def query(self, now_ms: int) -> Query:
        return Query(WINDOWS_DUE, {"now": now_ms, "page": PAGE})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:
        for window in rows:
            parameters = {"id": window["id"], "stats_id": window["stats_id"]}
            refusals = window["refusals"] + 1
            post_at = now_ms + wait_after_refusals_ms(refusals)
            yield Step(
                [_call(window) if self.has_api else _publish(window, self.usage.topic)],
                Query(WINDOW_POSTED, parameters | {"now": now_ms}),
                Query(WINDOW_REFUSED, parameters | {"refusals": refusals, "post_at": post_at}),
            )


def _call(window: Mapping[str, Any]) -> Call:
    body = {
        "stats_id": window["stats_id"],
        "time_range": {"start": iso_seconds(window["start"]), "end": iso_seconds(window["end"])},
        "metrics": _metrics(window),
    }
    path = f"/api/v1/registry/models/{quote(window['model_id'], safe='')}/usage-stats"
    return Call("POST", path, body, window["stats_id"])


def _publish(window: Mapping[str, Any], topic: str) -> Publish:
    fields = {
        "stats_id": window["stats_id"],
        "model_id": window["model_id"],
        "window_start": window["start"],
        "window_end": window["end"],
        "revision": window["revision"],
        **_metrics(window),
    }
    baggage = {name: window[name] for name in ("model_id", "provider") if window[name] is not None}
    return Publish(topic, window["model_id"].encode(), RECORD, fields, baggage)


def _metrics(window: Mapping[str, Any]) -> dict[str, Any]:
    return {name: window[name] for name in METRICS} | {"top_use_cases": orjson.loads(window["top_use_cases"])}
