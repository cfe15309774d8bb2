from typing import Any

import pytest

from tests.model import naive_chain
from tests.unit.pipelines.audit.records import AT, CAPTURED, RECORD, fields
from workers.core.errors import Rejected
from workers.core.record import Decoded
from workers.core.stage import Stage
from workers.pipelines.audit.dead_letter_codes import DEAD_LETTER_CODES
from workers.pipelines.audit.events import ContentKind, Event
from workers.pipelines.audit.read.parse import check_key, parse

CODES = {each.code for each in DEAD_LETTER_CODES if each.stage is Stage.VALIDATE}
DAY_MS = 86_400_000


def parsed(event_type: str = "content.read", **other: Any) -> Event:
    return parse(Decoded(RECORD, fields(event_type, **other)), AT)


def rejection(event_type: str = "content.read", **other: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        parsed(event_type, **other)
    assert caught.value.stage is Stage.VALIDATE
    assert caught.value.code in CODES
    return caught.value


@pytest.mark.parametrize("event_type", CAPTURED)
def test_an_event_of_each_type_with_what_it_must_capture_is_accepted(event_type: str) -> None:
    event = parsed(event_type)
    assert event.event_type == event_type
    assert event.canonical == naive_chain.canonical_bytes(fields(event_type))


@pytest.mark.parametrize(
    ("event_type", "field"),
    [(event_type, field) for event_type, captured in CAPTURED.items() for field in captured
     if not (event_type.startswith(("dead_letters", "audit", "graph", "models")) and field == "user_id")],
)  # fmt: skip
def test_what_is_not_captured_is_named_with_the_event_type(event_type: str, field: str) -> None:
    reason = rejection(event_type, **{field: None})
    assert reason.code == "field.missing"
    assert event_type in reason.message
    assert field in reason.message
    if isinstance(CAPTURED[event_type][field], str):
        assert rejection(event_type, **{field: ""}).code == "field.missing"


@pytest.mark.parametrize(
    ("event_type", "detail"),
    [("content.delete", "deletion_reason"), ("key.rotated", "rotation_reason"), ("encryption.failed", "error_message")],
)
def test_an_explanation_may_stand_in_the_details_under_its_own_name(event_type: str, detail: str) -> None:
    assert parsed(event_type, reason=None, details={detail: "why"}).event_type == event_type
    assert f"or details.{detail}" in rejection(event_type, reason=None, details={detail: ""}).message


def test_zero_and_false_are_captured_values() -> None:
    assert parsed("content.write", size_bytes=0).fields["size_bytes"] == 0
    assert parsed("content.delete", retention_met=False).fields["retention_met"] is False


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"event_type": "content.copied"}, "event_type.unknown", "'content.copied'"),
        ({"audit_id": ""}, "field.missing", "audit_id"),
        ({"timestamp": 1_762_443_000}, "timestamp.too_old", "1762443000"),
        ({"timestamp": AT + DAY_MS + 1}, "timestamp.in_future", str(AT + DAY_MS + 1)),
        ({"size_bytes": -1}, "number.negative", "size_bytes is -1"),
        ({"size_bytes": 2**53}, "number.out_of_range", "9007199254740992"),
        ({"source_ip": "10.0.0.256"}, "source_ip.invalid", "a text of 10 characters"),
        ({"source_ip": "10.0.0.1:443"}, "source_ip.invalid", "without a port"),
        ({"classification": "secret"}, "classification.unknown", "public, internal, confidential, restricted, pii"),
        ({"classification": ""}, "classification.unknown", "''"),
        ({"details": {"content_kind": "image"}}, "content_kind.unknown", "prompt or completion"),
        ({"user_id": "\ud800"}, "field.not_unicode", "user_id"),
        ({"details": {"\ud800": ""}}, "field.not_unicode", "details"),
        ({"content_id": "x" * 1_025}, "field.too_large", "content_id has 1025 bytes"),
        ({"reason": "é" * 32_769}, "field.too_large", "reason has 65538 bytes"),
    ],
)
def test_a_bad_value_is_refused_with_field_value_and_fix(change: dict[str, Any], code: str, said: str) -> None:
    record = {**fields(), **change}
    with pytest.raises(Rejected) as caught:
        parse(Decoded(RECORD, record), AT)
    assert (caught.value.code, caught.value.stage) == (code, Stage.VALIDATE)
    assert said in caught.value.message


def test_values_at_the_limits_are_accepted() -> None:
    assert parsed(timestamp=AT + DAY_MS).fields["timestamp"] == AT + DAY_MS
    assert parsed("content.write", size_bytes=2**53 - 1).fields["size_bytes"] == 2**53 - 1
    assert parsed(source_ip="2001:db8::1").fields["source_ip"] == "2001:db8::1"
    assert parsed(content_id="x" * 1_024).fields["content_id"] == "x" * 1_024


def test_a_denial_that_was_granted_contradicts_itself() -> None:
    assert rejection("access.denied", access_granted=True).code == "access_granted.contradicts"
    assert parsed("access.denied", access_granted=False).event_type == "access.denied"


def test_another_record_and_an_older_schema_are_refused() -> None:
    with pytest.raises(Rejected, match="LLMTokenEvent") as caught:
        parse(Decoded("com.llm.observatory.events.LLMTokenEvent", {}), AT)
    assert caught.value.code == "record.unknown"
    old = {name: value for name, value in fields().items() if name != "retention_met"}
    with pytest.raises(Rejected, match="retention_met") as caught:
        parse(Decoded(RECORD, old), AT)
    assert caught.value.code == "field.missing"


@pytest.mark.parametrize(
    ("event_type", "other", "performer", "concerned"),
    [
        ("content.read", {}, "ada", None),
        ("content.read", {"actor_id": "gateway"}, "ada", None),
        ("access.denied", {}, "bob", None),
        ("role.assigned", {}, "root", "bob"),
        ("role.assigned", {"user_id": "root"}, "root", "root"),
        ("key.rotated", {}, None, None),
        ("key.rotated", {"actor_id": "kms", "user_id": "ada"}, "kms", "ada"),
        ("encryption.failed", {"actor_id": "vault"}, "vault", None),
        ("encryption.failed", {}, None, None),
        ("dead_letters.purged", {}, "ops", None),
    ],
)
def test_who_did_it_and_whom_it_concerns(
    event_type: str, other: dict[str, Any], performer: str | None, concerned: str | None
) -> None:
    event = parsed(event_type, **other)
    assert (event.performer, event.concerned) == (performer, concerned)


@pytest.mark.parametrize(
    ("content_id", "details", "kind"),
    [
        ("p-1", {}, None),
        ("prompt-123", {}, ContentKind.PROMPT),
        ("completion-123", {}, ContentKind.COMPLETION),
        ("prompt-123", {"content_kind": "completion"}, ContentKind.COMPLETION),
        ("p-1", {"content_kind": "prompt"}, ContentKind.PROMPT),
    ],
)
def test_the_kind_of_a_content_is_what_the_event_says(
    content_id: str, details: dict[str, str], kind: ContentKind | None
) -> None:
    assert parsed(content_id=content_id, details=details).kind is kind


def test_the_key_is_the_content_or_else_the_user() -> None:
    check_key(parsed(), b"p-1")
    check_key(parsed("role.assigned"), b"bob")
    check_key(parsed("key.rotated"), None)
    check_key(parsed("key.rotated"), b"anything")
    for event_type, key in (("content.read", b"ada"), ("content.read", None), ("role.assigned", b"root")):
        with pytest.raises(Rejected) as caught:
            check_key(parsed(event_type), key)
        assert caught.value.code == "key.mismatch"


@pytest.mark.parametrize("key", [b"ada.lovelace@example.org", b"10.0.1.50"])
def test_a_rejection_names_no_person_and_no_place(key: bytes) -> None:
    with pytest.raises(Rejected) as by_key:
        check_key(parsed("role.assigned", user_id="bob@example.org"), key)
    with pytest.raises(Rejected) as by_place:
        parsed(source_ip=f"{key.decode()}:443")
    for caught in (by_key, by_place):
        assert not any(each in caught.value.message for each in (key.decode(), "bob@example.org"))
    assert f"{len(key)} other bytes" in by_key.value.message
