"""Every kind of bad record, and the expected contents of its dead letter."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.end_to_end.events import AT, ERROR, INVOCATION, LATENCY, METRICS, TOKENS, fields_of
from tests.end_to_end.outsider import SCHEMAS, Serializer, framed, read_schema, register

TEN_MEGABYTES = "x" * 10_000_000
NAN, INFINITE = float("nan"), float("inf")
BEFORE_2015 = 1_420_070_399_999
OVER_A_DAY_AHEAD = int(time.time() * 1000) + 25 * 3_600_000
UNKNOWN_SCHEMA_ID = 0x7FFF_FFFF
FOREIGN = {
    "type": "record",
    "name": "Observation",
    "namespace": "com.example.weather",
    "fields": [{"name": "station", "type": "string"}],
}


@dataclass(frozen=True)
class Producer:
    """A producer of bad records. ``fields`` are those of a good invocation of ``trace_id``."""

    serializer: Serializer
    registry_url: str
    topic: str
    trace_id: str

    def fields(self, record_name: str = INVOCATION, **fields: Any) -> dict[str, Any]:
        ids = {"event_id": f"{self.trace_id}-e", "model_id": f"{self.trace_id}-m", "span_id": "s"}
        return fields_of(record_name, **ids | {"trace_id": self.trace_id} | fields)

    def value(self, record_name: str = INVOCATION, **fields: Any) -> bytes:
        return self.serializer(record_name, self.fields(record_name, **fields))

    def written_with(self, schema: Mapping[str, Any], fields: Mapping[str, Any]) -> bytes:
        """Write with a schema of this producer, under a subject without a compatibility check."""
        schema_id = register(self.registry_url, f"{self.topic}-{schema['name']}-{self.trace_id}", schema)
        return framed(schema_id, schema, fields)


class Bad(NamedTuple):
    """A bad record. ``names`` is what the message must contain: the field, if there is one."""

    what: str
    stage: str
    code: str
    names: str
    value: Callable[[Producer], bytes | None]
    key: Callable[[Producer], bytes | None] = lambda producer: producer.trace_id.encode()


def not_avro(producer: Producer) -> bytes:
    return b'{"trace_id": "%s", "status": "SUCCESS"}' % producer.trace_id.encode()


def unknown_schema(producer: Producer) -> bytes:
    return b"\0" + UNKNOWN_SCHEMA_ID.to_bytes(4, "big") + producer.value()[5:]


def foreign_record(producer: Producer) -> bytes:
    return producer.written_with(FOREIGN, {"station": "EDDH"})


def truncated(producer: Producer) -> bytes:
    """End in the middle of the trace_id, the field after event_id and model_id."""
    value = producer.value(event_id="e", model_id="m")
    return value[: value.index(producer.trace_id.encode()) + 3]


def left_over(producer: Producer) -> bytes:
    return producer.value() + b"more"


def not_utf_8(producer: Producer) -> bytes:
    return producer.value(provider="openai").replace(b"openai", b"open\xff\xfe")


def enum_index(producer: Producer) -> bytes:
    """Write an enum index out of range, in the byte where symbols differ."""
    success, timeout = producer.value(status="SUCCESS"), producer.value(status="TIMEOUT")
    place = next(place for place, byte in enumerate(success) if byte != timeout[place])
    return success[:place] + bytes([7 << 1]) + success[place + 1 :]


def enum_symbol(producer: Producer) -> bytes:
    """Write with a newer schema, in which an invocation can be CANCELLED."""
    schema = read_schema(SCHEMAS / "telemetry" / "LLMInvocationEvent.avsc")
    status = next(field for field in schema["fields"] if field["name"] == "status")
    status["type"]["symbols"].append("CANCELLED")
    return producer.written_with(schema, producer.fields(status="CANCELLED"))


def without(field: str) -> Callable[[Producer], bytes]:
    """Write with a schema that does not have the field."""

    def value(producer: Producer) -> bytes:
        schema = read_schema(SCHEMAS / "telemetry" / "LLMInvocationEvent.avsc")
        schema["fields"] = [each for each in schema["fields"] if each["name"] != field]
        fields = producer.fields()
        del fields[field]
        return producer.written_with(schema, fields)

    return value


def spoilt(code: str, record_name: str, field: str, bad: Any, what: str = "", **more: Any) -> Bad:
    """Return a record with one bad field; ``more`` are good ones."""
    what = what or f"{field} {bad!r}"
    label = f"{record_name.rpartition('.')[2]} {what}"
    return Bad(label, "VALIDATE", code, field, lambda producer: producer.value(record_name, **{field: bad} | more))


WIRE = [
    Bad("not Avro", "DECODE", "avro.bad_magic", "Confluent wire format", not_avro),
    Bad("empty value", "DECODE", "avro.bad_magic", "Confluent wire format", lambda _: b""),
    Bad("half a frame", "DECODE", "avro.bad_magic", "Confluent wire format", lambda _: b"\0\0\0"),
    Bad("unknown schema id", "DECODE", "avro.unknown_schema", str(UNKNOWN_SCHEMA_ID), unknown_schema),
    Bad(
        "a record that is not ours",
        "DECODE",
        "avro.unexpected_record",
        "com.example.weather.Observation",
        foreign_record,
    ),
    Bad("truncated", "DECODE", "avro.truncated", "trace_id", truncated),
    Bad("bytes left over", "DECODE", "avro.trailing_bytes", "4 bytes", left_over),
    Bad("not UTF-8", "DECODE", "avro.corrupt", "provider", not_utf_8),
    Bad("tombstone", "DECODE", "value.tombstone", "tombstone", lambda _: None),
    Bad("enum index out of range", "DECODE", "avro.enum", "status", enum_index),
    Bad("enum symbol of a newer schema", "DECODE", "avro.enum", "CANCELLED", enum_symbol),
    Bad("no trace_id in the schema", "DECODE", "avro.unresolvable", "trace_id", without("trace_id")),
    Bad("no event_id in the schema", "DECODE", "avro.unresolvable", "event_id", without("event_id")),
]
KEYS = [
    Bad("no key", "VALIDATE", "key.mismatch", "trace_id", lambda producer: producer.value(), lambda _: None),
    Bad("empty key", "VALIDATE", "key.mismatch", "trace_id", lambda producer: producer.value(), lambda _: b""),
    Bad("another key", "VALIDATE", "key.mismatch", "trace_id", lambda producer: producer.value(), lambda _: b"\xff"),
]
MISSING = [
    spoilt("field.missing", record_name, field, "")
    for record_name in (INVOCATION, TOKENS, LATENCY, ERROR)
    for field in ("event_id", "model_id", "provider", "trace_id", "span_id")
] + [spoilt("field.missing", METRICS, field, "") for field in ("event_id", "model_id", "provider")]
NUMBERS = [
    *(spoilt("number.not_finite", INVOCATION, "latency_ms", bad) for bad in (NAN, INFINITE)),
    spoilt("number.negative", INVOCATION, "latency_ms", -1_000.5),
    spoilt("number.out_of_range", INVOCATION, "latency_ms", 1e15),
    *(
        spoilt("number.negative", INVOCATION, each, -1)
        for each in ("token_count", "prompt_tokens", "completion_tokens")
    ),
    *(
        spoilt("number.negative", TOKENS, each, -1)
        for each in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens")
    ),
    *(spoilt("number.not_finite", LATENCY, "value_ms", bad) for bad in (NAN, INFINITE, -INFINITE)),
    spoilt("number.negative", LATENCY, "value_ms", -1_001.0),
    spoilt("number.not_finite", LATENCY, "percentile", NAN),
    spoilt("number.out_of_range", LATENCY, "percentile", 101.0),
    *(spoilt("number.not_finite", METRICS, each, NAN) for each in ("avg_latency_ms", "p95_latency_ms", "error_rate")),
    *(spoilt("number.negative", METRICS, each, -1_001.0) for each in ("avg_latency_ms", "p95_latency_ms")),
    spoilt("number.negative", METRICS, "total_invocations", -1),
    spoilt("number.out_of_range", METRICS, "error_rate", 1.5),
    spoilt("number.negative", METRICS, "window_end", AT - 1, "ends before it starts"),
]
TIMES = [
    spoilt(code, record_name, "timestamp", bad, what)
    for record_name in (INVOCATION, TOKENS, LATENCY, ERROR, METRICS)
    for code, bad, what in (
        ("timestamp.too_old", BEFORE_2015, "timestamp before 2015"),
        ("timestamp.in_future", OVER_A_DAY_AHEAD, "timestamp more than a day ahead"),
    )
] + [
    spoilt("timestamp.too_old", INVOCATION, "timestamp", AT // 1000, "timestamp in seconds"),
    spoilt("timestamp.too_old", METRICS, "window_start", BEFORE_2015, "window before 2015"),
    spoilt("timestamp.in_future", METRICS, "window_end", OVER_A_DAY_AHEAD, "window more than a day ahead"),
]
WORDS = [
    spoilt("event_type.unknown", INVOCATION, "event_type", "llm.invocation.paused"),
    spoilt("event_type.unknown", ERROR, "event_type", "llm.invocation.error"),
]
LARGE = [
    spoilt("field.too_large", INVOCATION, "model_id", TEN_MEGABYTES, "10 MB of model_id"),
    spoilt("field.too_large", INVOCATION, "prompt", TEN_MEGABYTES, "10 MB of prompt"),
    spoilt("field.too_large", INVOCATION, "metadata", {"sdk": TEN_MEGABYTES}, "10 MB of metadata"),
    spoilt("field.too_large", ERROR, "message", TEN_MEGABYTES, "10 MB of message"),
    spoilt("field.too_large", ERROR, "trace_id", TEN_MEGABYTES, "10 MB of trace_id"),
]
EVERY_KIND = [*WIRE, *KEYS, *MISSING, *NUMBERS, *TIMES, *WORDS, *LARGE]
