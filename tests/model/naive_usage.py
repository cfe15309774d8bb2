"""Usage statistics, counted simply from the Invocations in the graph."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Metrics = dict[str, Any]


def naive_usage(invocations: Iterable[Mapping[str, Any]], window_ms: int, top: int) -> dict[tuple[str, int], Metrics]:
    """Return the metrics of windows with calls, by model and start.

    ``used_model`` is the Model that a call uses, where that is not the name that was sent.
    """
    calls: defaultdict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
    for call in invocations:
        calls[call.get("used_model", call["model_id"]), call["timestamp"] // window_ms * window_ms].append(call)
    return {window: _metrics(its, top) for window, its in calls.items()}


def _metrics(calls: list[Mapping[str, Any]], top: int) -> Metrics:
    latencies = [call["latency_ms"] for call in calls if call.get("latency_ms") is not None]
    microseconds = sum(round(latency * 1000) for latency in latencies)
    failed = [call for call in calls if call["status"] in ("ERROR", "TIMEOUT")]
    uses = Counter(call["use_case"] for call in calls if call.get("use_case"))
    return {
        "total_invocations": len(calls),
        "unique_users": len({call["user_id"] for call in calls if call.get("user_id")}),
        "avg_latency_ms": round(microseconds / len(latencies) / 1000, 3) if latencies else None,
        "error_rate": round(len(failed) / len(calls), 6),
        "top_use_cases": [
            {"use_case": use_case, "count": count}
            for use_case, count in sorted(uses.items(), key=lambda each: (-each[1], each[0]))[:top]
        ],
    }
