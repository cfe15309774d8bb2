"""What is shown of a dead letter."""

import pytest

from workers.adapters.kafka.headers import headers_of
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Rejected
from workers.core.record import ConsumedRecord, Decoded
from workers.core.stage import Stage
from workers.ops.dead_letters.letter import Letter, letter_of
from workers.ops.dead_letters.show import failing_field, iso, shown

FIELDS = {"token_count": -1, "status": "fine"}


def letter(value: bytes | None, message: str = "token_count is -1: send a count") -> Letter:
    record = ConsumedRecord("events", 2, 7, 1_700_000_000_000, b"key", value)
    failed = DeadLetter(record, "group", "telemetry", Stage.VALIDATE, "number.negative", message, "Rejected", 99)
    return letter_of(record._replace(topic="events.dlq", headers=headers_of(failed)))


@pytest.mark.parametrize(
    ("value", "shown_as"),
    [
        (b'{"a": 1}', ("json", {"a": 1})),
        (b"plain text", ("text", "plain text")),
        (b"[" * 5_000, ("text", "[" * 5_000)),
        (b'["\\ud800"]', ("text", '["\\ud800"]')),
        (b"[NaN]", ("text", "[NaN]")),
        (b"\x00\x01", ("base64", "AAE=")),
        (b"\xff", ("base64", "/w==")),
        (None, ("base64", None)),
    ],
)
def test_a_value_without_a_schema_is_shown_in_the_best_form_there_is(value: bytes | None, shown_as: object) -> None:
    view = shown(letter(value), None, None)
    assert (view["format"], view["value"]) == shown_as


def test_a_decoded_value_is_shown_with_the_field_that_fails_today() -> None:
    fault = Rejected(Stage.VALIDATE, "status.unknown", "status is 'fine': send one of SUCCESS")
    view = shown(letter(b"avro"), Decoded("Event", FIELDS), fault)
    assert (view["format"], view["schema"], view["field"]) == ("avro", "Event", "status")
    assert shown(letter(b"avro"), Decoded("Event", FIELDS), None)["field"] == "token_count", "the field of then"


def test_raw_is_base64_whatever_the_value_is() -> None:
    view = shown(letter(b"{}"), Decoded("Event", FIELDS), None, raw=True)
    assert (view["format"], view["value"], view["field"]) == ("base64", "e30=", None)


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        ("token_count is -1: send a count", "token_count"),
        ("llm.Event (schema 7), field status: 'fine' is no symbol", "status"),
        ("the value ends early", None),
        ("", None),
    ],
)
def test_the_field_that_a_reason_names(reason: str, field: str | None) -> None:
    assert failing_field(reason, FIELDS) == field


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (1_700_000_000_123, "2023-11-14T22:13:20.123+00:00"),
        (-1, "1969-12-31T23:59:59.999+00:00"),
        (10**18, "1" + "0" * 18),
    ],
)
def test_a_number_that_is_no_time_stays_a_number(at: int, text: str) -> None:
    assert iso(at) == text
