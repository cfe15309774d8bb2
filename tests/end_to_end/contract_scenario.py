"""Two handwritten traces, out of order, and the graph that the contract requires."""

from typing import Any

from tests.end_to_end.events import AT, ERROR, INVOCATION, LATENCY, METRICS, TOKENS, fields_of

MODEL = "gpt-4o"
SECRET = "the text of a prompt, which no graph may hold"
START = {"event_type": "llm.invocation.start", "token_count": 0, "latency_ms": 0.0}

Record = tuple[str, dict[str, Any]]
Related = tuple[str, str, str]
"""From, type, to; each end by its key without the run's name."""


def records(name: str) -> list[Record]:
    """Return the records in the order of sending. ``name`` is the prefix of every id."""
    made: list[Record] = []

    def send(record_name: str, event_id: str, trace: str, span_id: str | None, **fields: Any) -> None:
        ids = {"event_id": f"{name}-{event_id}", "model_id": MODEL, "span_id": span_id}
        trace_id = f"{name}-{trace}" if trace else None
        made.append((record_name, fields_of(record_name, **ids, trace_id=trace_id, **fields)))

    # Trace a: an agent (root) calls a tool (child), whose start comes after its end; then one between the two.
    send(INVOCATION, "1", "a", "root", **START, prompt=SECRET, session_id="session", user_id="anna")
    send(INVOCATION, "2", "a", "child", timestamp=AT + 500, latency_ms=300.0, parent_span_id="root")
    send(INVOCATION, "3", "a", "child", **START, timestamp=AT + 150, parent_span_id="root")
    send(
        TOKENS,
        "4",
        "a",
        "root",
        timestamp=AT + 901,
        prompt_tokens=120,
        completion_tokens=60,
        cached_tokens=20,
        total_tokens=180,
    )
    told = {"prompt_tokens": 100, "completion_tokens": 50, "completion": SECRET}
    send(INVOCATION, "5", "a", "root", timestamp=AT + 900, latency_ms=900.0, token_count=150, **told)
    send(LATENCY, "6", "a", "root", timestamp=AT + 80, value_ms=80.5)
    send(INVOCATION, "7", "a", "late", timestamp=AT + 400, latency_ms=300.0, status="TIMEOUT")
    # Trace b: a call fails, the retry fails because its child did, as the first error did before it; one never ends.
    send(ERROR, "e2", "b", "retry", timestamp=AT + 700, caused_by=f"{name}-e1", error_type="timeout")
    send(ERROR, "e1", "b", "first", timestamp=AT + 100)
    failed = {"event_type": "llm.invocation.error", "status": "ERROR"}
    send(INVOCATION, "8", "b", "first", **failed, timestamp=AT + 110, latency_ms=110.0)
    send(INVOCATION, "9", "b", "retry", **START, timestamp=AT + 200)
    send(INVOCATION, "10", "b", "inner", **START, timestamp=AT + 300, parent_span_id="retry")
    send(ERROR, "e3", "b", "inner", timestamp=AT + 600)
    send(METRICS, "11", "", None, timestamp=AT + 300_000)
    return made + made[:3] + made[-3:]


INVOCATIONS: dict[str, dict[str, Any]] = {
    "a/root": {
        "id": "1", "status": "SUCCESS", "timestamp": AT, "latency_ms": 900.0, "token_count": 150,
        "prompt_tokens": 120, "completion_tokens": 60, "cached_tokens": 20, "total_tokens": 180,
        "session_id": "session", "user_id": "anna", "parent_span_id": None,
    },
    "a/child": {"id": "2", "status": "SUCCESS", "timestamp": AT + 150, "latency_ms": 300.0, "parent_span_id": "root"},
    "a/late": {"id": "7", "status": "TIMEOUT", "timestamp": AT + 100, "latency_ms": 300.0},
    "b/first": {"id": "e1", "status": "ERROR", "timestamp": AT, "latency_ms": 110.0},
    "b/retry": {"id": "e2", "status": "STARTED", "timestamp": AT + 200, "latency_ms": None, "token_count": None},
    "b/inner": {"id": "10", "status": "STARTED", "timestamp": AT + 300, "parent_span_id": "retry"},
}  # fmt: skip
FOLLOWED_BY: dict[Related, int] = {
    ("a/root", "FOLLOWED_BY", "a/late"): 100,
    ("a/late", "FOLLOWED_BY", "a/child"): 50,
    ("b/first", "FOLLOWED_BY", "b/retry"): 200,
    ("b/retry", "FOLLOWED_BY", "b/inner"): 100,
}
RELATIONSHIPS: set[Related] = {
    *FOLLOWED_BY,
    *((key, "USES_MODEL", MODEL) for key in INVOCATIONS),
    ("a/child", "CHILD_OF", "a/root"),
    ("b/inner", "CHILD_OF", "b/retry"),
    ("a/root", "HAS_METRIC", "6"),
    (MODEL, "HAS_METRIC", "11"),
    ("b/first", "CAUSED_ERROR", "e1"),
    ("b/retry", "CAUSED_ERROR", "e2"),
    ("b/inner", "CAUSED_ERROR", "e3"),
    ("e2", "TRIGGERED_BY", "e1"),
    ("e2", "TRIGGERED_BY", "e3"),
}
METRIC_6 = {"metric_type": "time_to_first_token", "value": 80.5, "timestamp": AT + 80}
METRIC_11 = {"avg_latency_ms": 900.0, "p95_latency_ms": 2100.0, "total_invocations": 40, "error_rate": 0.05}
