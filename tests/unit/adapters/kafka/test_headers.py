from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.adapters.kafka.headers import (
    MESSAGE_CHARACTERS,
    PREFIX,
    attach,
    describe,
    headers_of,
    parse,
    replayed_from,
    without,
)
from workers.core.dead_letter import DeadLetter
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage

NAMES = [
    "topic",
    "partition",
    "offset",
    "timestamp",
    "group",
    "worker",
    "stage",
    "exception.class.name",
    "message",
    "code",
    "first.failed.at",
    "failed.at",
    "replay.id",
    "replay.count",
    "first.offset",
]
ANY_HEADERS = st.lists(
    st.tuples(
        st.one_of(st.text(max_size=8), st.sampled_from([PREFIX + name for name in NAMES])),
        st.one_of(st.none(), st.binary(max_size=12)),
    ),
    max_size=12,
)


def letter_of(headers: Sequence[tuple[str, bytes | None]] = (), failed_at: int = 2_000) -> DeadLetter:
    return DeadLetter(
        record=ConsumedRecord("events", 3, 42, 1_000, b"key", b"value", headers),
        group="memory-graph-telemetry",
        worker="telemetry",
        stage=Stage.VALIDATE,
        code="field.missing",
        message="trace_id is empty: send one",
        exception_class="workers.core.errors.Rejected",
        failed_at=failed_at,
    )


def test_the_headers_are_text_under_the_promised_names() -> None:
    assert headers_of(letter_of()) == [
        ("__dlq.errors.topic", b"events"),
        ("__dlq.errors.partition", b"3"),
        ("__dlq.errors.offset", b"42"),
        ("__dlq.errors.timestamp", b"1000"),
        ("__dlq.errors.group", b"memory-graph-telemetry"),
        ("__dlq.errors.worker", b"telemetry"),
        ("__dlq.errors.stage", b"VALIDATE"),
        ("__dlq.errors.exception.class.name", b"workers.core.errors.Rejected"),
        ("__dlq.errors.message", b"trace_id is empty: send one"),
        ("__dlq.errors.code", b"field.missing"),
        ("__dlq.errors.first.failed.at", b"2000"),
        ("__dlq.errors.failed.at", b"2000"),
        ("__dlq.errors.replay.id", b""),
        ("__dlq.errors.replay.count", b"0"),
        ("__dlq.errors.first.offset", b"42"),
    ]


def test_foreign_headers_keep_their_order_and_duplicates_and_come_first() -> None:
    own = [("b", b"1"), ("a", None), ("b", b"\xff"), ("a", b"")]
    assert headers_of(letter_of(own))[:4] == own


def test_what_is_built_is_read_back() -> None:
    letter = letter_of([("traceparent", b"00-1")])
    assert parse(headers_of(letter)) == describe(letter)


def test_a_replayed_record_that_fails_again_keeps_its_first_failure_and_its_replays() -> None:
    first = describe(letter_of())
    replayed = attach([("a", b"1")], first._replace(replay_id="r-7", replay_count=2, first_offset=17))
    again = parse(headers_of(letter_of(replayed, failed_at=9_000)))
    assert again == first._replace(failed_at=9_000, first_offset=17, replay_id="r-7", replay_count=2)


def test_a_dead_letter_from_before_the_first_offset_was_noted_first_came_where_it_failed() -> None:
    headers = [header for header in headers_of(letter_of()) if header[0] != f"{PREFIX}first.offset"]
    assert parse(headers).first_offset == 42


@pytest.mark.parametrize(
    ("value", "offset"), [(b"17", 17), (b"0", 0), (b"-1", None), (b"?", None), (None, None), (b"9" * 30, None)]
)
def test_a_replayed_record_says_where_it_first_came(value: bytes | None, offset: int | None) -> None:
    assert replayed_from([("a", b"1"), (f"{PREFIX}first.offset", value)]) == offset
    assert replayed_from([("a", b"1")]) is None


def test_our_headers_are_replaced_and_never_doubled() -> None:
    twice = headers_of(letter_of(headers_of(letter_of([("a", b"1")]))))
    assert [name for name, _ in twice] == ["a", *(PREFIX + name for name in NAMES)]


def test_a_long_message_leaves_room_for_the_value() -> None:
    letter = replace(letter_of(), message="x" * 100_000)
    assert len(describe(letter).message) == MESSAGE_CHARACTERS


def test_a_message_that_is_no_unicode_text_is_still_sent() -> None:
    assert parse(headers_of(replace(letter_of(), message="bad \ud800"))).message == "bad \\ud800"


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_missing_header_is_named(name: str) -> None:
    headers = [header for header in headers_of(letter_of()) if header[0] != PREFIX + name]
    with pytest.raises(ValueError, match=f"{PREFIX}{name} is missing"):
        parse(headers)


@pytest.mark.parametrize("name", ["partition", "offset", "failed.at", "replay.count", "stage"])
def test_a_malformed_header_is_named(name: str) -> None:
    headers = [(key, b"?" if key == PREFIX + name else value) for key, value in headers_of(letter_of())]
    with pytest.raises(ValueError, match=f"{PREFIX}{name} is malformed"):
        parse(headers)


@given(ANY_HEADERS)
def test_no_headers_whatever_keep_a_record_from_becoming_a_dead_letter(
    headers: list[tuple[str, bytes | None]],
) -> None:
    built = headers_of(letter_of(headers))
    assert without(PREFIX, built) == [header for header in headers if not header[0].startswith(PREFIX)]
    assert [name for name, _ in built if name.startswith(PREFIX)] == [PREFIX + name for name in NAMES]
    assert parse(built).topic == "events"
