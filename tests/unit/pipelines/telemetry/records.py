"""Valid records, of which tests make one field invalid."""

from typing import Any

from tests.model.traffic import NAMESPACE
from tests.unit.pipelines.telemetry.driven import NOW
from workers.core.record import Decoded
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.read.parse import check_key, parse

COMMON = {
    "event_id": "e1",
    "timestamp": 1_700_000_000_000,
    "model_id": "claude-3-5-sonnet",
    "provider": "anthropic",
    "trace_id": "t1",
    "span_id": "s1",
    "metadata": {"sdk": "any"},
}
OWN: dict[str, dict[str, Any]] = {
    "LLMInvocationEvent": {
        "event_type": "llm.invocation.complete",
        "token_count": 30,
        "latency_ms": 12.5,
        "status": "SUCCESS",
        "parent_span_id": None,
        "session_id": None,
        "user_id": None,
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "model_version": None,
        "prompt": "What is my diagnosis?",
        "completion": "I am no doctor.",
        "classification": "restricted",
    },
    "LLMTokenEvent": {
        "event_type": "llm.tokens.consumed",
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "cached_tokens": None,
        "reasoning_tokens": 5,
        "total_tokens": 30,
    },
    "LLMLatencyEvent": {
        "event_type": "llm.latency.measured",
        "metric_type": "latency",
        "value_ms": 12.5,
        "percentile": 95.0,
    },
    "LLMErrorEvent": {
        "event_type": "llm.error.occurred",
        "error_type": "timeout",
        "message": "No token for 30 s.",
        "severity": "high",
        "caused_by": None,
    },
    "LLMMetricsEvent": {
        "event_type": "llm.metrics.aggregated",
        "window_start": 1_700_000_000_000,
        "window_end": 1_700_000_300_000,
        "total_invocations": 7,
        "avg_latency_ms": 120.5,
        "p95_latency_ms": None,
        "error_rate": 0.25,
    },
}
OWN_KEY = b"(the trace)"


def fields(record: str = "LLMInvocationEvent", **changed: Any) -> dict[str, Any]:
    """Return the fields of a good record, some of them changed."""
    return COMMON | OWN[record] | changed


def parsed_from(given: dict[str, Any], record: str = "LLMInvocationEvent", key: bytes | None = OWN_KEY) -> Event:
    """Parse a record with these fields, and check its key: by default the trace."""
    if key is OWN_KEY:
        key = str(given.get("trace_id")).encode(errors="replace")
    event = parse(Decoded(f"{NAMESPACE}.{record}", given), NOW)
    check_key(event, key)
    return event
