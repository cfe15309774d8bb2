"""Counting messages in haste gives what counting letters with care gives."""

from collections.abc import Sequence

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from workers.adapters.kafka.foreign_headers import FAMILIES
from workers.adapters.kafka.headers import NAMES, PREFIX, headers_of
from workers.adapters.kafka.reader import consumed
from workers.core.dead_letter import DeadLetter
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.ops.dead_letters import count
from workers.ops.dead_letters.count import Counts, Group
from workers.ops.dead_letters.letter import letter_of
from workers.ops.dead_letters.offsets import Offsets
from workers.ops.dead_letters.selection import Selection

Header = tuple[str, str | bytes | None]
TOPIC = "events.dlq"
TIMES = st.integers(1_000, 1_004)
TEXTS = st.sampled_from(["avro", "avro.truncated", "field.missing", "telemetry", "registry", "É", ""])
ODD_VALUES = st.one_of(
    st.none(),
    st.sampled_from([b"", b" 7 ", b"1_0", b"-1", b"\xd9\xa1", b"\xff", b"\xfe", b"7\0", b"DECODE", b"1" * 5_000]),
)


def built(code: str, worker: str, stage: Stage, at: int, message: str) -> list[Header]:
    """Return the headers of a dead letter as a worker sends it."""
    record = ConsumedRecord("events", 1, 7, 900, b"key", b"value", [("trace", b"1"), ("trace", None)])
    letter = DeadLetter(record, "group", worker, stage, code, message, "Rejected", at)
    return list[Header](headers_of(letter))


NAMES_OF_HEADERS = st.sampled_from(
    [*(PREFIX + name for name in NAMES.values()), *(f"{family.prefix}topic" for family in FAMILIES), "traceparent"]
)
LETTERS = st.builds(built, TEXTS, TEXTS, st.sampled_from(Stage), TIMES, st.text("aé\ud800", max_size=2))


@st.composite
def headers(draw: st.DrawFn) -> list[Header] | None:
    """Return the headers of a dead letter, often with one of them added, removed or replaced, or others."""
    found = draw(LETTERS)
    name, value = draw(NAMES_OF_HEADERS), draw(ODD_VALUES)
    at = draw(st.integers(0, len(found)))
    match draw(st.integers(0, 5)):
        case 0:
            return draw(st.sampled_from([None, [], list[Header]([("__connect.errors.topic", b"x")])]))
        case 1:
            return list[Header]([*found[:at], (name, value), *found[at:]])
        case 2:
            return found[:at] + found[at + 1 :]
        case 3:
            return list[Header]((each, value if each == name else old) for each, old in found)
        case _:
            return found


@st.composite
def messages(draw: st.DrawFn) -> list[Message]:
    return [
        Message(
            topic=TOPIC,
            partition=draw(st.integers(0, 1)),
            offset=offset,
            key=draw(st.sampled_from([None, b"key", b"other"])),
            value=b"value",
            headers=draw(headers()),
            timestamp=(1, draw(TIMES)),
        )
        for offset in range(draw(st.integers(0, 4)))
    ]


SELECTIONS = st.builds(
    Selection,
    codes=st.sets(TEXTS, max_size=2),
    stages=st.sets(st.sampled_from([*Stage, "unknown"]), max_size=3),
    workers=st.sets(TEXTS, max_size=2),
    keys=st.sets(st.just(b"key"), max_size=1),
    partition=st.sampled_from([None, None, 0]),
    offsets=st.sampled_from([None, None, (1, 3)]),
    since=st.sampled_from([None, None, 1_002]),
    until=st.sampled_from([None, None, 1_003]),
)


def sent(places: Sequence[tuple[int, int]]) -> Offsets:
    offsets = Offsets({0: 1})
    for place in places:
        offsets.add(place)
    return offsets


PLACES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), max_size=3)


@given(messages(), st.one_of(st.just(Selection()), SELECTIONS), PLACES)
def test_messages_are_counted_as_their_letters_are(
    found: list[Message], selection: Selection, places: list[tuple[int, int]]
) -> None:
    fast, slow = (Counts(TOPIC, selection, sent(places)) for _ in range(2))
    fast.add(found)
    for letter in (letter_of(consumed(TOPIC, message)) for message in found):
        if letter in selection:
            slow.count(letter)
    assert filled(fast) == filled(slow)


@given(messages(), st.integers(0, 6))
def test_parts_of_a_topic_add_up_in_any_order(found: list[Message], cut: int) -> None:
    whole, first, second, joined = (Counts(TOPIC, Selection(), sent([])) for _ in range(4))
    whole.add(found)
    first.add(found[:cut])
    second.add(found[cut:])
    for part in (second, first):
        joined.merge(part.found)
    assert filled(joined) == filled(whole)


def filled(counts: Counts) -> dict[tuple[str, str, str], Group]:
    return {(group.code, group.stage, group.worker): group for group in counts.found}


def test_what_our_workers_send_is_not_read_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "letter_of", lambda record: pytest.fail(f"{record} was read with care"))
    counts = Counts(TOPIC, Selection(), sent([]))
    counts.add([Message(topic=TOPIC, headers=built("avro", "telemetry", Stage.DECODE, at, "it ends")) for at in (2, 1)])
    assert counts.found == [Group(TOPIC, "avro", "DECODE", "telemetry", 2, 1, 2, 0, 0, "it ends")]
