"""Fields of valid telemetry records, with defaults."""

from typing import Any

NAMESPACE = "com.llm.observatory.events"
INVOCATION = f"{NAMESPACE}.LLMInvocationEvent"
TOKENS = f"{NAMESPACE}.LLMTokenEvent"
LATENCY = f"{NAMESPACE}.LLMLatencyEvent"
ERROR = f"{NAMESPACE}.LLMErrorEvent"
METRICS = f"{NAMESPACE}.LLMMetricsEvent"

AT = 1_750_000_000_000
"""2025-06-15T15:06:40Z in epoch milliseconds."""

OWN_FIELDS: dict[str, dict[str, Any]] = {
    INVOCATION: {
        "event_type": "llm.invocation.complete",
        "token_count": 300,
        "latency_ms": 1000.0,
        "status": "SUCCESS",
        "parent_span_id": None,
        "session_id": None,
        "user_id": None,
        "prompt_tokens": None,
        "completion_tokens": None,
        "model_version": None,
        "prompt": None,
        "completion": None,
        "classification": None,
    },
    TOKENS: {
        "event_type": "llm.tokens.consumed",
        "prompt_tokens": 200,
        "completion_tokens": 100,
        "cached_tokens": None,
        "reasoning_tokens": None,
        "total_tokens": 300,
    },
    LATENCY: {
        "event_type": "llm.latency.measured",
        "metric_type": "time_to_first_token",
        "value_ms": 120.5,
        "percentile": None,
    },
    ERROR: {
        "event_type": "llm.error.occurred",
        "error_type": "overloaded_error",
        "message": "The provider is overloaded.",
        "severity": "high",
        "caused_by": None,
    },
    METRICS: {
        "event_type": "llm.metrics.aggregated",
        "window_start": AT,
        "window_end": AT + 300_000,
        "total_invocations": 40,
        "avg_latency_ms": 900.0,
        "p95_latency_ms": 2100.0,
        "error_rate": 0.05,
    },
}


def fields_of(record_name: str, **fields: Any) -> dict[str, Any]:
    """Return all fields of a record.

    ``event_id``, ``model_id``, ``trace_id`` and ``span_id`` must be given.
    """
    return {"timestamp": AT, "provider": "openai", "metadata": {"sdk": "test"}} | OWN_FIELDS[record_name] | fields
