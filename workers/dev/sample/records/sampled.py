"""A record before it is encoded."""

from collections.abc import Mapping
from typing import Any, NamedTuple

NAMESPACE = "com.llm.observatory.events"
INVOCATION = f"{NAMESPACE}.LLMInvocationEvent"
TOKENS = f"{NAMESPACE}.LLMTokenEvent"
LATENCY = f"{NAMESPACE}.LLMLatencyEvent"
ERROR = f"{NAMESPACE}.LLMErrorEvent"
METRICS = f"{NAMESPACE}.LLMMetricsEvent"
SOURCE = "memory-graph-sample"


class Sampled(NamedTuple):
    """Schema name, fields and Kafka key: trace_id, or model_id for aggregates."""

    record_name: str
    fields: Mapping[str, Any]
    key: str
