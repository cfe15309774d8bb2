"""Make an event of a decoded record, or turn it away with field, value and fix."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from workers.core.checks import check_size, quoted, reject
from workers.core.record import Decoded, Record
from workers.pipelines.telemetry.checks import (
    check_count,
    check_duration,
    check_metadata,
    check_name,
    check_names,
    check_range,
    check_text,
    check_timestamp,
)
from workers.pipelines.telemetry.limits import EARLIEST_TIMESTAMP, MAX_CONTENT_BYTES
from workers.pipelines.telemetry.model import Aggregate, Event, Failure, Invocation, Latency, Tokens

NAMESPACE = "com.llm.observatory.events"
START = "llm.invocation.start"
ERROR = "llm.invocation.error"
METRIC_TYPES = {"llm.metrics.aggregated": "aggregated", "llm.performance.daily_summary": "daily_summary"}

SPAN_NAMES = ("event_id", "model_id", "provider", "trace_id", "span_id")
MODEL_NAMES = ("event_id", "model_id", "provider")
_span_names = itemgetter(*SPAN_NAMES)
_model_names = itemgetter(*MODEL_NAMES)

Fields = Mapping[str, Any]
Payload = Invocation | Tokens | Latency | Failure | Aggregate


class Kind(NamedTuple):
    """A record type: the event types that it may carry, and how its own fields are read and checked."""

    event_types: frozenset[str]
    read: Callable[[Fields, int], Payload]


def parse(decoded: Decoded, record: Record, now_ms: int) -> Event:
    """Read the record that ``decoded`` is the value of.

    ``now_ms`` is the time now in epoch milliseconds. Raises ``Rejected`` (VALIDATE) with one of the codes
    ``record.unknown``, ``event_type.unknown``, ``status.unknown``, ``field.missing``, ``field.too_large``,
    ``field.not_unicode``, ``key.mismatch``, ``number.negative``, ``number.not_finite``, ``number.out_of_range``,
    ``timestamp.too_old``, ``timestamp.in_future``.
    """
    record_name, fields = decoded
    kind = KINDS.get(record_name)
    if kind is None:
        reject("record.unknown", f"{quoted(record_name)} is no telemetry record: send one of {', '.join(KINDS)}")
    try:
        return _read(kind, fields, record, now_ms)
    except KeyError as missing:
        reject("field.missing", f"{missing.args[0]} is not there: write it with the current schema of {record_name}")


def _read(kind: Kind, fields: Fields, record: Record, now_ms: int) -> Event:
    event_type, timestamp = fields["event_type"], fields["timestamp"]
    if event_type not in kind.event_types:
        known = ", ".join(sorted(kind.event_types))
        reject("event_type.unknown", f"event_type is {quoted(event_type)}: this record may carry {known}")
    if kind.read is _aggregate and not (fields["trace_id"] and fields["span_id"]):
        trace_id = span_id = ""
        check_names(MODEL_NAMES, _model_names(fields))
    else:
        names = _span_names(fields)
        check_names(SPAN_NAMES, names)
        trace_id, span_id = names[3:]
        _check_key(record.key, trace_id)
    check_timestamp("timestamp", timestamp, now_ms)
    if metadata := fields["metadata"]:
        check_metadata(metadata)
    payload = kind.read(fields, now_ms)
    return Event(fields["event_id"], event_type, timestamp, trace_id, span_id, record.offset, payload)


def _check_key(key: bytes | None, trace_id: str) -> None:
    """Events of one trace stay in one partition, and in order, only where the trace is the key."""
    if key != trace_id.encode():
        reject("key.mismatch", f"the key is {quoted(key)}: use the trace_id {quoted(trace_id)} in UTF-8")


def _invocation(fields: Fields, _: int) -> Invocation:
    latency_ms, token_count = fields["latency_ms"], fields["token_count"]
    prompt_tokens, completion_tokens = fields["prompt_tokens"], fields["completion_tokens"]
    check_duration("latency_ms", latency_ms)
    check_count("token_count", token_count)
    check_count("prompt_tokens", prompt_tokens)
    check_count("completion_tokens", completion_tokens)
    _check_content(fields)
    parent_span_id = _optional(fields, "parent_span_id")
    told = (
        fields["model_id"],
        fields["provider"],
        parent_span_id if parent_span_id != fields["span_id"] else None,  # no span is its own child
        _optional(fields, "session_id"),
        _optional(fields, "user_id"),
        _optional(fields, "model_version"),
    )
    use_case = _use_case(fields["metadata"])
    status = fields["status"]
    if status not in STATUSES:
        reject("status.unknown", f"status is {quoted(status)}: send one of {', '.join(STATUSES)}")
    if fields["event_type"] == START:
        return Invocation(*told, None, None, None, None, None, use_case)
    if fields["timestamp"] - latency_ms < EARLIEST_TIMESTAMP:
        reject("number.out_of_range", f"latency_ms is {latency_ms}: the call would have begun before 2015")
    if status == "SUCCESS" and fields["event_type"] == ERROR:
        status = "ERROR"
    return Invocation(*told, status, token_count, latency_ms, prompt_tokens, completion_tokens, use_case)


def _use_case(metadata: Mapping[str, str]) -> str | None:
    """Read the one label that is stored: a name like others, of a size that can be counted by."""
    value = metadata.get("use_case")
    check_name("metadata.use_case", value)
    return value or None


def _check_content(fields: Fields) -> None:
    """Look at the size of texts and at nothing else of them: they are not for this worker."""
    if fields["prompt"]:
        check_size("prompt", fields["prompt"], MAX_CONTENT_BYTES)
    if fields["completion"]:
        check_size("completion", fields["completion"], MAX_CONTENT_BYTES)
    check_name("classification", fields["classification"])


def _tokens(fields: Fields, _: int) -> Tokens:
    for field in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens"):
        check_count(field, fields[field])
    return Tokens(
        fields["model_id"],
        fields["provider"],
        fields["prompt_tokens"],
        fields["completion_tokens"],
        fields["cached_tokens"],
        fields["reasoning_tokens"],
        fields["total_tokens"],
    )


def _latency(fields: Fields, _: int) -> Latency:
    metric_type, value_ms, percentile = fields["metric_type"], fields["value_ms"], fields["percentile"]
    check_name("metric_type", metric_type)
    check_duration("value_ms", value_ms)
    check_range("percentile", percentile, 100)
    return Latency(fields["model_id"], fields["provider"], metric_type, value_ms, percentile)


def _failure(fields: Fields, _: int) -> Failure:
    error_type, message, severity = fields["error_type"], fields["message"], fields["severity"]
    check_name("error_type", error_type)
    check_name("severity", severity)
    check_text("message", message)
    caused_by = _optional(fields, "caused_by")
    return Failure(fields["model_id"], fields["provider"], error_type, message, severity, caused_by)


def _aggregate(fields: Fields, now_ms: int) -> Aggregate:
    start, end = fields["window_start"], fields["window_end"]
    check_timestamp("window_start", start, now_ms)
    check_timestamp("window_end", end, now_ms)
    check_duration("window_end - window_start", end - start)
    check_count("total_invocations", fields["total_invocations"])
    check_duration("avg_latency_ms", fields["avg_latency_ms"])
    check_duration("p95_latency_ms", fields["p95_latency_ms"])
    check_range("error_rate", fields["error_rate"], 1)
    return Aggregate(
        fields["model_id"],
        fields["provider"],
        METRIC_TYPES[fields["event_type"]],
        start,
        end,
        fields["total_invocations"],
        fields["avg_latency_ms"],
        fields["p95_latency_ms"],
        fields["error_rate"],
    )


def _optional(fields: Fields, field: str) -> str | None:
    """Read an id or name that may be missing; an empty one is missing, too."""
    value: str | None = fields[field]
    if not value:
        return None
    check_name(field, value)
    return value


STATUSES = ("SUCCESS", "ERROR", "TIMEOUT")

KINDS: Mapping[str, Kind] = {
    f"{NAMESPACE}.LLMInvocationEvent": Kind(frozenset((START, "llm.invocation.complete", ERROR)), _invocation),
    f"{NAMESPACE}.LLMTokenEvent": Kind(frozenset(("llm.tokens.consumed",)), _tokens),
    f"{NAMESPACE}.LLMLatencyEvent": Kind(frozenset(("llm.latency.measured",)), _latency),
    f"{NAMESPACE}.LLMErrorEvent": Kind(frozenset(("llm.error.occurred",)), _failure),
    f"{NAMESPACE}.LLMMetricsEvent": Kind(frozenset(METRIC_TYPES), _aggregate),
}
