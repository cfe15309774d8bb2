"""Options, random calls, and the rows that the graph returns when it counts them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from workers.pipelines.registry.options import Usage

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_762_459_200_000
"""2025-11-06T20:00:00Z, in milliseconds."""
USAGE = Usage(topic="usage", top_use_cases=2)

CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "model_id": st.sampled_from(["a", "b/ä"]),
            "timestamp": st.integers(START, START + HOUR - 1),
            "user_id": st.sampled_from([None, "anna", "ben"]),
            "use_case": st.sampled_from([None, "chat", "code", "summary"]),
            "latency_ms": st.sampled_from([None, 0.0, 0.1, 0.2, 12.345, 1e9]),
            "status": st.sampled_from(["STARTED", "SUCCESS", "ERROR", "TIMEOUT"]),
        }
    ),
    max_size=30,
)


def answered(calls: Iterable[Mapping[str, Any]], known: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return the row that the graph returns."""
    calls = list(calls)
    models = sorted({call["model_id"] for call in calls})
    its = {model: [call for call in calls if call["model_id"] == model] for model in models}
    return {
        "start": START,
        "counted_at": None,
        "known": list(known),
        "counted": [_counted(model, its[model]) for model in models],
        "use_cases": [[model, _top(its[model])] for model in models],
    }


def _counted(model_id: str, calls: list[Mapping[str, Any]]) -> dict[str, Any]:
    measured = [call["latency_ms"] for call in calls if call["latency_ms"] is not None]
    return {
        "model_id": model_id,
        "total": len(calls),
        "users": len({call["user_id"] for call in calls} - {None}),
        "latency_us": float(sum(round(latency * 1000) for latency in measured)),
        "measured": len(measured),
        "failed": sum(call["status"] in ("ERROR", "TIMEOUT") for call in calls),
    }


def _top(calls: list[Mapping[str, Any]]) -> list[list[Any]]:
    uses = Counter(call["use_case"] for call in calls if call["use_case"])
    return [list(each) for each in sorted(uses.items(), key=lambda each: (-each[1], each[0]))[:2]]
