"""Make an event of a decoded record, or reject it with field, value and fix."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec.structs import replace

from workers.core.checks import check_size, described, quoted, reject
from workers.core.record import Decoded
from workers.pipelines.telemetry.events import (
    AGGREGATED,
    COMPLETE,
    DAILY,
    ERROR,
    LATENCY,
    START,
    Aggregate,
    Billing,
    Event,
    Failure,
    Invocation,
    Latency,
    Tokens,
)
from workers.pipelines.telemetry.limits import EARLIEST_TIMESTAMP, MAX_CONTENT_BYTES, MAX_REPORTED_USD
from workers.pipelines.telemetry.options import Accept
from workers.pipelines.telemetry.read.checks import (
    check_count,
    check_duration,
    check_latency,
    check_metadata,
    check_name,
    check_names,
    check_range,
    check_text,
    check_timestamp,
    clamped,
)
from workers.pipelines.telemetry.tokens.conventions import Convention

DEFAULT = Accept()
NAMESPACE = "com.llm.observatory.events"
AGGREGATES = {AGGREGATED: "aggregated", DAILY: "daily_summary"}

SPAN_NAMES = ("event_id", "model_id", "provider", "trace_id", "span_id")
MODEL_NAMES = ("event_id", "model_id", "provider")
_span_names = itemgetter(*SPAN_NAMES)
_model_names = itemgetter(*MODEL_NAMES)

Fields = Mapping[str, Any]
Payload = Invocation | Tokens | Latency | Failure | Aggregate


class Kind(NamedTuple):
    """A record type: its event types, and the function that reads and checks its own fields."""

    event_types: frozenset[str]
    read: Callable[[Fields, int, Accept], Payload]


def parse(decoded: Decoded, now_ms: int, accept: Accept = DEFAULT) -> Event:
    """Return the event of a decoded value; ``now_ms`` is the current time in epoch milliseconds.

    Raises ``Rejected`` (VALIDATE) with one of the codes
    ``record.unknown``, ``event_type.unknown``, ``status.unknown``, ``token_convention.unknown``, ``field.missing``,
    ``field.too_large``, ``field.not_unicode``, ``number.negative``, ``number.not_finite``, ``number.out_of_range``,
    ``timestamp.too_old``, ``timestamp.in_future``.
    """
    record_name, fields = decoded
    kind = KINDS.get(record_name)
    if kind is None:
        reject("record.unknown", f"{quoted(record_name)} is no telemetry record; send one of {', '.join(KINDS)}")
    try:
        return _read(kind, fields, now_ms, accept)
    except KeyError as missing:
        reject(
            "field.missing", f"{missing.args[0]} is missing: write the record with the current schema of {record_name}"
        )


def _read(kind: Kind, fields: Fields, now_ms: int, accept: Accept) -> Event:
    event_type, timestamp = fields["event_type"], fields["timestamp"]
    if event_type not in kind.event_types:
        known = ", ".join(sorted(kind.event_types))
        reject("event_type.unknown", f"event_type is {quoted(event_type)}: this record may have {known}")
    if kind.read is _aggregate and not (fields["trace_id"] and fields["span_id"]):
        trace_id = span_id = ""
        check_names(MODEL_NAMES, _model_names(fields))
    else:
        names = _span_names(fields)
        check_names(SPAN_NAMES, names)
        trace_id, span_id = names[3:]
    check_timestamp("timestamp", timestamp, now_ms)
    if metadata := fields["metadata"]:
        check_metadata(metadata)
    payload = kind.read(fields, now_ms, accept)
    return Event(fields["event_id"], event_type, timestamp, trace_id, span_id, payload)


def check_key(event: Event, key: bytes | None) -> None:
    """Check that the record's key is the trace_id, so that the events of a trace stay in one partition, in order.

    Raises ``Rejected`` (VALIDATE) with ``key.mismatch``. An aggregate without a trace may have any key.
    """
    if event.trace_id and key != event.trace_id.encode():
        reject("key.mismatch", f"the key is {described(key)}: use the trace_id {quoted(event.trace_id)} in UTF-8")


def _invocation(fields: Fields, _: int, accept: Accept) -> Invocation:
    latency_ms, token_count = fields["latency_ms"], fields["token_count"]
    prompt_tokens, completion_tokens = fields["prompt_tokens"], fields["completion_tokens"]
    check_latency("latency_ms", latency_ms, accept)
    check_count("token_count", token_count)
    check_count("prompt_tokens", prompt_tokens)
    check_count("completion_tokens", completion_tokens)
    billing = _billing(fields)
    _check_content(fields)
    parent_span_id = _optional(fields, "parent_span_id")
    common = (
        fields["model_id"],
        fields["provider"],
        parent_span_id if parent_span_id != fields["span_id"] else None,  # no span is its own child
        _optional(fields, "session_id"),
        _optional(fields, "user_id"),
        _optional(fields, "model_version"),
    )
    metadata = fields["metadata"]
    labels = (_label(metadata, "use_case"), _label(metadata, "team"))
    status = fields["status"]
    if status not in STATUSES:
        reject("status.unknown", f"status is {quoted(status)}: send one of {', '.join(STATUSES)}")
    if fields["event_type"] == START:
        return Invocation(*common, None, None, None, None, None, *labels, billing=_before_the_bill(billing))
    if is_clamped := latency_ms < 0:
        latency_ms = 0.0
    if fields["timestamp"] - latency_ms < EARLIEST_TIMESTAMP:
        reject("number.out_of_range", f"latency_ms is {latency_ms}: the call would have begun before 2015")
    if status == "SUCCESS" and fields["event_type"] == ERROR:
        status = "ERROR"
    return Invocation(
        *common, status, token_count, latency_ms, prompt_tokens, completion_tokens, *labels, is_clamped, billing
    )


def _billing(fields: Fields) -> Billing | None:
    """Read the optional fields about the bill; ``None`` if there are none."""
    named = fields.get("token_convention")
    label = (fields["metadata"] or {}).get("token_convention")
    service_tier, reported = fields.get("service_tier"), fields.get("reported_cost_usd")
    if not named and not label and not service_tier and reported is None:
        return None
    _check_convention("token_convention", named)
    _check_convention("metadata.token_convention", label)
    check_name("service_tier", service_tier)
    check_range("reported_cost_usd", reported, MAX_REPORTED_USD)
    return Billing(service_tier or None, named or label or None, None if reported is None else abs(reported))


def _check_convention(field: str, named: str | None) -> None:
    if named and named not in CONVENTIONS:
        reject("token_convention.unknown", f"{field} is {quoted(named)}: send one of {', '.join(CONVENTIONS)}")


def _before_the_bill(billing: Billing | None) -> Billing | None:
    """Return what a start event can know: not yet the cost."""
    return billing and replace(billing, reported_cost_usd=None)


def _label(metadata: Mapping[str, str], name: str) -> str | None:
    """Read a label of the metadata that is stored; a name of limited size."""
    value = metadata.get(name)
    check_name(f"metadata.{name}", value)
    return value or None


def _check_content(fields: Fields) -> None:
    """Check the size of prompt and completion, and read nothing else of them."""
    if fields["prompt"]:
        check_size("prompt", fields["prompt"], MAX_CONTENT_BYTES)
    if fields["completion"]:
        check_size("completion", fields["completion"], MAX_CONTENT_BYTES)
    check_name("classification", fields["classification"])


def _tokens(fields: Fields, _: int, __: Accept) -> Tokens:
    for field in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens"):
        check_count(field, fields[field])
    cache_write_tokens = fields.get("cache_write_tokens")
    check_count("cache_write_tokens", cache_write_tokens)
    return Tokens(
        fields["model_id"],
        fields["provider"],
        fields["prompt_tokens"],
        fields["completion_tokens"],
        fields["cached_tokens"],
        fields["reasoning_tokens"],
        fields["total_tokens"],
        cache_write_tokens,
        _billing(fields),
    )


def _latency(fields: Fields, _: int, accept: Accept) -> Latency:
    metric_type, value_ms, percentile = fields["metric_type"], fields["value_ms"], fields["percentile"]
    check_name("metric_type", metric_type)
    check_latency("value_ms", value_ms, accept)
    check_range("percentile", percentile, 100)
    return Latency(
        fields["model_id"], fields["provider"], metric_type, clamped(value_ms), percentile, latency_clamped=value_ms < 0
    )


def _failure(fields: Fields, _: int, __: Accept) -> Failure:
    error_type, message, severity = fields["error_type"], fields["message"], fields["severity"]
    check_name("error_type", error_type)
    check_name("severity", severity)
    check_text("message", message)
    caused_by = _optional(fields, "caused_by")
    return Failure(fields["model_id"], fields["provider"], error_type, message, severity, caused_by)


def _aggregate(fields: Fields, now_ms: int, accept: Accept) -> Aggregate:
    start, end = fields["window_start"], fields["window_end"]
    check_timestamp("window_start", start, now_ms)
    check_timestamp("window_end", end, now_ms)
    check_duration("window_end - window_start", end - start)
    check_count("total_invocations", fields["total_invocations"])
    average, p95 = fields["avg_latency_ms"], fields["p95_latency_ms"]
    check_latency("avg_latency_ms", average, accept)
    check_latency("p95_latency_ms", p95, accept)
    check_range("error_rate", fields["error_rate"], 1)
    return Aggregate(
        fields["model_id"],
        fields["provider"],
        AGGREGATES[fields["event_type"]],
        start,
        end,
        fields["total_invocations"],
        clamped(average),
        None if p95 is None else clamped(p95),
        fields["error_rate"],
        latency_clamped=average < 0 or (p95 is not None and p95 < 0),
    )


def _optional(fields: Fields, field: str) -> str | None:
    """Read an optional id or name; an empty one counts as missing."""
    value: str | None = fields[field]
    if not value:
        return None
    check_name(field, value)
    return value


CONVENTIONS = tuple(Convention)
STATUSES = ("SUCCESS", "ERROR", "TIMEOUT")

KINDS: Mapping[str, Kind] = {
    f"{NAMESPACE}.LLMInvocationEvent": Kind(frozenset((START, COMPLETE, ERROR)), _invocation),
    f"{NAMESPACE}.LLMTokenEvent": Kind(frozenset(("llm.tokens.consumed",)), _tokens),
    f"{NAMESPACE}.LLMLatencyEvent": Kind(frozenset((LATENCY,)), _latency),
    f"{NAMESPACE}.LLMErrorEvent": Kind(frozenset(("llm.error.occurred",)), _failure),
    f"{NAMESPACE}.LLMMetricsEvent": Kind(frozenset(AGGREGATES), _aggregate),
}
