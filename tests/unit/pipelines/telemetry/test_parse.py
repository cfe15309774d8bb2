from math import inf, nan
from typing import Any

import pytest
from msgspec.structs import astuple

from tests.model.traffic import NAMESPACE
from tests.unit.pipelines.telemetry.driven import NOW
from tests.unit.pipelines.telemetry.records import OWN, fields, parsed_from
from workers.core.errors import Rejected
from workers.core.record import Decoded
from workers.core.stage import Stage
from workers.pipelines.telemetry.events import Aggregate, Billing, Event, Failure, Invocation, Latency, Tokens
from workers.pipelines.telemetry.limits import MAX_CONTENT_BYTES, MAX_LONG, MAX_NAME_BYTES, MAX_TEXT_BYTES
from workers.pipelines.telemetry.options import Accept
from workers.pipelines.telemetry.read.parse import parse

INVOCATION, TOKENS, LATENCY, ERROR, METRICS = OWN
LATEST = NOW + 86_400_000
EARLIEST = 1_420_070_400_000

BAD: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("field.missing", INVOCATION, {name: ""})
        for name in ("event_id", "model_id", "provider", "trace_id", "span_id")
    ),
    ("field.missing", TOKENS, {"event_id": None}),
    ("field.missing", METRICS, {"model_id": "", "trace_id": None}),
    ("event_type.unknown", INVOCATION, {"event_type": "llm.invocation.paused"}),
    ("event_type.unknown", INVOCATION, {"event_type": "llm.tokens.consumed"}),
    ("event_type.unknown", TOKENS, {"event_type": ""}),
    ("status.unknown", INVOCATION, {"status": "FINE"}),
    ("number.not_finite", INVOCATION, {"latency_ms": nan}),
    ("number.not_finite", INVOCATION, {"latency_ms": inf}),
    ("number.not_finite", LATENCY, {"value_ms": -inf}),
    ("number.not_finite", LATENCY, {"percentile": nan}),
    ("number.not_finite", METRICS, {"error_rate": nan}),
    ("number.negative", INVOCATION, {"latency_ms": -1_000.1}),
    ("number.negative", INVOCATION, {"token_count": -1}),
    ("number.negative", INVOCATION, {"token_count": -1, "event_type": "llm.invocation.start"}),
    ("number.negative", INVOCATION, {"prompt_tokens": -1}),
    ("number.negative", INVOCATION, {"completion_tokens": -1}),
    *(("number.negative", TOKENS, {name: -1}) for name in OWN[TOKENS] if name.endswith("tokens")),
    ("number.negative", LATENCY, {"value_ms": -1_000.1}),
    ("number.negative", TOKENS, {"cache_write_tokens": -1}),
    *(("token_convention.unknown", each, {"token_convention": "cohere"}) for each in (INVOCATION, TOKENS)),
    ("token_convention.unknown", TOKENS, {"metadata": {"token_convention": "Inclusive"}}),
    ("field.too_large", TOKENS, {"service_tier": "x" * (MAX_NAME_BYTES + 1)}),
    *(("number.out_of_range", each, {"reported_cost_usd": -0.01}) for each in (INVOCATION, TOKENS)),
    ("number.out_of_range", TOKENS, {"reported_cost_usd": 1e9 + 1}),
    ("number.not_finite", INVOCATION, {"reported_cost_usd": nan}),
    ("number.negative", METRICS, {"total_invocations": -1}),
    ("number.negative", METRICS, {"avg_latency_ms": -1_000.1}),
    ("number.negative", METRICS, {"p95_latency_ms": -1_000.1}),
    ("number.negative", METRICS, {"window_end": 1_699_999_999_999}),
    ("number.out_of_range", METRICS, {"error_rate": 1.01}),
    ("number.out_of_range", METRICS, {"error_rate": -0.01}),
    ("number.out_of_range", LATENCY, {"percentile": 100.1}),
    ("number.out_of_range", TOKENS, {"total_tokens": MAX_LONG + 1}),
    ("number.out_of_range", INVOCATION, {"latency_ms": 1e300}),
    ("timestamp.too_old", INVOCATION, {"timestamp": EARLIEST - 1}),
    ("timestamp.too_old", TOKENS, {"timestamp": 1_700_000_000}),
    ("timestamp.too_old", METRICS, {"window_start": 0}),
    ("timestamp.in_future", ERROR, {"timestamp": LATEST + 1}),
    ("timestamp.in_future", METRICS, {"window_end": LATEST + 1}),
    *(
        ("field.too_large", INVOCATION, {name: "x" * (MAX_NAME_BYTES + 1)})
        for name in ("event_id", "trace_id", "user_id")
    ),
    ("field.too_large", INVOCATION, {"span_id": "é" * (MAX_NAME_BYTES // 2 + 1)}),
    ("field.too_large", INVOCATION, {"metadata": {"note": "x" * (MAX_TEXT_BYTES + 1)}}),
    ("field.too_large", INVOCATION, {"metadata": {"use_case": "x" * (MAX_NAME_BYTES + 1)}}),
    ("field.not_unicode", INVOCATION, {"metadata": {"use_case": "\udfff"}}),
    ("field.too_large", INVOCATION, {"metadata": {"team": "x" * (MAX_NAME_BYTES + 1)}}),
    ("field.too_large", INVOCATION, {"metadata": {"x" * (MAX_NAME_BYTES + 1): ""}}),
    ("field.too_large", INVOCATION, {"prompt": "x" * (MAX_CONTENT_BYTES + 1)}),
    ("field.too_large", INVOCATION, {"completion": "é" * (MAX_CONTENT_BYTES // 2 + 1)}),
    ("field.too_large", ERROR, {"message": "x" * (MAX_TEXT_BYTES + 1)}),
    ("field.too_large", LATENCY, {"metric_type": "x" * (MAX_NAME_BYTES + 1)}),
    ("field.not_unicode", INVOCATION, {"model_id": "gpt\ud800"}),
    ("field.not_unicode", INVOCATION, {"session_id": "\udfff"}),
    ("field.not_unicode", ERROR, {"message": "half \ud83d"}),
]


@pytest.mark.parametrize(("code", "record", "bad"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_field_is_rejected_with_its_code_its_name_and_a_fix(code: str, record: str, bad: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as rejection:
        parsed_from(fields(record, **bad), record)
    rejected = rejection.value
    assert (rejected.stage, rejected.code) == (Stage.VALIDATE, code)
    assert next(iter(bad)).partition("_")[0] in rejected.message
    assert ": " in rejected.message
    assert len(rejected.message) < 400


@pytest.mark.parametrize("name", ["event_id", "event_type", "latency_ms", "parent_span_id", "metadata"])
def test_a_field_that_is_not_there_is_missing(name: str) -> None:
    given = fields()
    del given[name]
    with pytest.raises(Rejected, match=name) as rejection:
        parsed_from(given)
    assert rejection.value.code == "field.missing"


def test_a_record_of_another_kind_is_unknown() -> None:
    with pytest.raises(Rejected, match="AuditEvent") as rejection:
        parse(Decoded("com.llm.datavault.audit.AuditEvent", fields()), NOW)
    assert rejection.value.code == "record.unknown"


@pytest.mark.parametrize("key", [None, b"", b"t2", b"t1 "])
@pytest.mark.parametrize("record", [INVOCATION, METRICS])
def test_an_event_of_a_span_must_have_its_trace_as_key(record: str, key: bytes | None) -> None:
    with pytest.raises(Rejected, match="'t1'") as rejection:
        parsed_from(fields(record), record, key)
    assert rejection.value.code == "key.mismatch"


def test_a_wrong_key_is_not_quoted_because_it_may_be_a_user() -> None:
    with pytest.raises(Rejected) as rejection:
        parsed_from(fields(), key=b"ada.lovelace")
    assert rejection.value.message == "the key is 12 other bytes: use the trace_id 't1' in UTF-8"


@pytest.mark.parametrize("missing", [{"trace_id": None}, {"span_id": None}, {"trace_id": ""}, {"span_id": ""}])
def test_an_aggregate_without_trace_or_span_may_have_any_key(missing: dict[str, Any]) -> None:
    event = parsed_from(fields(METRICS, **missing), METRICS, key=b"the model")
    assert (event.trace_id, event.span_id) == ("", "")


def test_no_rejection_quotes_prompt_or_completion() -> None:
    secret = "my diagnosis " * MAX_CONTENT_BYTES
    for content in ({"prompt": secret}, {"completion": secret}):
        with pytest.raises(Rejected) as rejection:
            parsed_from(fields(**content))
        assert "diagnosis" not in rejection.value.message


@pytest.mark.parametrize("record", OWN)
def test_nothing_of_prompt_or_completion_gets_into_the_event(record: str) -> None:
    assert "diagnosis" not in str(parsed_from(fields(record), record))
    assert "doctor" not in str(parsed_from(fields(record), record))


@pytest.mark.parametrize(
    ("record", "payload"),
    [
        (INVOCATION, Invocation("m", "p", None, None, None, None, "SUCCESS", 30, 12.5, 10, 20)),
        (TOKENS, Tokens("m", "p", 10, 20, None, 5, 30)),
        (LATENCY, Latency("m", "p", "latency", 12.5, 95.0)),
        (ERROR, Failure("m", "p", "timeout", "No token for 30 s.", "high", None)),
        (METRICS, Aggregate("m", "p", "aggregated", 1_700_000_000_000, 1_700_000_300_000, 7, 120.5, None, 0.25)),
    ],
)
def test_each_record_becomes_its_payload(record: str, payload: Any) -> None:
    event = parsed_from(fields(record, model_id="m", provider="p"), record)
    expected = Event("e1", OWN[record]["event_type"], 1_700_000_000_000, "t1", "s1", payload)
    assert event == expected


def test_a_start_event_knows_nothing_of_the_end() -> None:
    payload = parsed_from(fields(event_type="llm.invocation.start")).payload
    assert isinstance(payload, Invocation)
    assert astuple(payload)[6:] == (*(None,) * 7, False, None)


@pytest.mark.parametrize(
    ("metadata", "use_case", "team"),
    [({}, None, None), ({"use_case": "", "team": ""}, None, None), ({"use_case": "chat", "team": "a"}, "chat", "a")],
)
@pytest.mark.parametrize("kind", ["start", "complete"])
def test_of_the_metadata_use_case_and_team_are_kept(
    kind: str, metadata: dict[str, str], use_case: str | None, team: str | None
) -> None:
    payload = parsed_from(fields(event_type=f"llm.invocation.{kind}", metadata=metadata)).payload
    assert isinstance(payload, Invocation)
    assert (payload.use_case, payload.team) == (use_case, team)


@pytest.mark.parametrize(
    ("kind", "status", "folded"),
    [
        ("complete", "SUCCESS", "SUCCESS"),
        ("complete", "ERROR", "ERROR"),
        ("complete", "TIMEOUT", "TIMEOUT"),
        ("error", "SUCCESS", "ERROR"),
        ("error", "ERROR", "ERROR"),
        ("error", "TIMEOUT", "TIMEOUT"),
    ],
)
def test_an_error_event_is_no_success_whatever_its_status_says(kind: str, status: str, folded: str) -> None:
    payload = parsed_from(fields(event_type=f"llm.invocation.{kind}", status=status)).payload
    assert isinstance(payload, Invocation)
    assert payload.status == folded


@pytest.mark.parametrize("parent", ["", "s1", None])
def test_an_empty_parent_or_the_span_itself_is_no_parent(parent: str | None) -> None:
    payload = parsed_from(fields(parent_span_id=parent)).payload
    assert isinstance(payload, Invocation)
    assert payload.parent_span_id is None


@pytest.mark.parametrize(
    "edge",
    [
        {"timestamp": EARLIEST, "latency_ms": 0.0},
        {"timestamp": LATEST},
        {"event_id": "x" * MAX_NAME_BYTES, "trace_id": "é" * (MAX_NAME_BYTES // 2)},
        {"prompt": "x" * MAX_CONTENT_BYTES, "metadata": {"note": "x" * MAX_TEXT_BYTES}},
        {"token_count": 0, "prompt_tokens": MAX_LONG},
        {"span_id": "with\0NUL", "user_id": "Zoë 😀"},
        {"metadata": {}},
    ],
)
def test_values_at_the_edge_pass(edge: dict[str, Any]) -> None:
    assert parsed_from(fields(**edge)).event_type == "llm.invocation.complete"


@pytest.mark.parametrize(("sent", "kept"), [(-3.0, (0.0, True)), (-1_000.0, (0.0, True)), (0.0, (0.0, False))])
def test_a_latency_that_two_clocks_make_negative_counts_as_zero(sent: float, kept: tuple[float, bool]) -> None:
    call = parsed_from(fields(latency_ms=sent)).payload
    assert isinstance(call, Invocation)
    assert (call.latency_ms, call.latency_clamped) == kept
    measured = parsed_from(fields(LATENCY, value_ms=sent), LATENCY).payload
    assert isinstance(measured, Latency)
    assert (measured.value_ms, measured.latency_clamped) == kept
    for average, p95 in ((sent, None), (7.0, sent)):
        aggregate = parsed_from(fields(METRICS, avg_latency_ms=average, p95_latency_ms=p95), METRICS).payload
        assert isinstance(aggregate, Aggregate)
        assert (min(aggregate.avg_latency_ms, aggregate.p95_latency_ms or 0.0), aggregate.latency_clamped) == kept


def test_with_the_option_reject_every_negative_latency_is_a_dead_letter() -> None:
    strict = Accept(negative_latency="reject")
    for record, name in ((INVOCATION, "latency_ms"), (LATENCY, "value_ms"), (METRICS, "avg_latency_ms")):
        with pytest.raises(Rejected, match=f"{name} is -3.0: send milliseconds from 0") as rejected:
            parse(Decoded(f"{NAMESPACE}.{record}", fields(record, **{name: -3.0})), NOW, strict)
        assert rejected.value.code == "number.negative"


def test_what_an_event_says_about_its_bill_is_read_and_a_start_event_knows_no_cost() -> None:
    says: dict[str, Any] = {"service_tier": "batch", "token_convention": "gemini", "reported_cost_usd": 0.0165}
    for record in (INVOCATION, TOKENS):
        assert billing(fields(record, **says), record) == Billing("batch", "gemini", 0.0165)
        assert billing(fields(record, **dict.fromkeys(says)), record) is None
        assert billing(fields(record, reported_cost_usd=0.0), record) == Billing(None, None, 0.0)
        by_label = fields(record, metadata={"token_convention": "anthropic"})
        assert billing(by_label, record) == Billing(None, "anthropic", None)
        assert billing(by_label | {"token_convention": "auto"}, record) == Billing(None, "auto", None)
    start = fields(event_type="llm.invocation.start", **says)
    assert billing(start, INVOCATION) == Billing("batch", "gemini", None)


def billing(given: dict[str, Any], record: str) -> Billing | None:
    payload = parsed_from(given, record).payload
    assert isinstance(payload, Invocation | Tokens)
    return payload.billing
