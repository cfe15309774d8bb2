"""Counting messages in haste gives what counting letters with care gives."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

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
MESSAGE = f"{PREFIX}message"
ODD_VALUES = (None, b"", b" 7 ", b"1_0", b"-1", b"7\0", b"\xd9\xa1", b"\xff", b"\xfe", b"1" * 5_000, b"DECODE")
ODD_NAMES = (
    *(PREFIX + name for name in (*NAMES.values(), "delivery.count")),
    *(f"{family.prefix}topic" for family in FAMILIES),
    "traceparent",
)


def built(code: str, worker: str, stage: Stage, at: int, message: str) -> list[Header]:
    """Return the headers of a dead letter as a worker sends it."""
    record = ConsumedRecord("events", 1, 7, 900, b"key", b"value", [("trace", b"1"), ("trace", None)])
    return list[Header](headers_of(DeadLetter(record, "group", worker, stage, code, message, "Rejected", at)))


def message(
    headers: list[Header] | None,
    partition: int = 0,
    offset: int = 0,
    key: bytes | None = None,
    timestamp: tuple[int, int] = (1, 1_000),
) -> Message:
    return Message(
        topic=TOPIC, partition=partition, offset=offset, key=key, value=b"v", headers=headers, timestamp=timestamp
    )


def in_haste(messages: Sequence[Message], selection: Selection, sent: Offsets) -> list[Group]:
    counts = Counts(TOPIC, selection, sent)
    counts.add(messages)
    return by_kind(counts)


def with_care(messages: Sequence[Message], selection: Selection, sent: Offsets) -> list[Group]:
    counts = Counts(TOPIC, selection, sent)
    for letter in (letter_of(consumed(TOPIC, message)) for message in messages):
        if letter in selection:
            counts.count(letter)
    return by_kind(counts)


def by_kind(counts: Counts) -> list[Group]:
    return sorted(counts.found, key=lambda group: (group.code, group.stage, group.worker))


def changed(name: str, value: bytes | None) -> Iterator[list[Header]]:
    """Return headers of dead letters with another header: before, behind and among the others, and in place of one."""
    headers, other = built("avro", "telemetry", Stage.DECODE, 1_000, "it ends"), (name, value)
    yield [other, *headers]
    yield [*headers, other]
    yield [*headers, other, ("traceparent", b"00-1")]
    yield [*headers[:-3], other, *headers[-3:]]
    yield [other if each == name else (each, old) for each, old in headers]
    yield [(each, old) for each, old in headers if each != name]
    yield [other]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_headers_that_no_worker_of_ours_sends_are_read_with_care(name: str) -> None:
    for headers in chain.from_iterable(changed(name, value) for value in ODD_VALUES):
        found = [message(headers)]
        assert in_haste(found, Selection(), Offsets({})) == with_care(found, Selection(), Offsets({})), headers


def test_a_record_without_headers_is_counted_too() -> None:
    found = [message(None), message([])]
    (group,) = in_haste(found, Selection(), Offsets({}))
    assert [group] == with_care(found, Selection(), Offsets({}))
    assert (group.code, group.letters) == ("unknown", 2)


TIMES = st.integers(1_000, 1_003)
CODES = st.sampled_from(["avro", "avro.truncated", "field.missing"])
WORKERS = st.sampled_from(["telemetry", "\ud800"])
STAGES = st.sampled_from([Stage.DECODE, Stage.WRITE])
MESSAGES = st.lists(
    st.builds(
        message,
        st.builds(built, CODES, WORKERS, STAGES, TIMES, st.text("aé", max_size=1)),
        partition=st.integers(0, 1),
        offset=st.integers(0, 5),
        key=st.sampled_from([None, b"key", b"other"]),
        timestamp=st.tuples(st.just(1), TIMES),
    ),
    max_size=6,
)
SELECTIONS = st.builds(
    Selection,
    codes=st.sets(CODES, max_size=1),
    stages=st.sets(STAGES, max_size=1),
    workers=st.sets(WORKERS, max_size=1),
    keys=st.sets(st.just(b"key"), max_size=1),
    partition=st.sampled_from([None, None, 0]),
    offsets=st.sampled_from([None, None, (1, 3)]),
    since=st.sampled_from([None, None, 1_002]),
    until=st.sampled_from([None, None, 1_003]),
)
PLACES = st.sets(st.tuples(st.integers(0, 1), st.integers(0, 6)), max_size=4)


def sent(places: Iterable[tuple[int, int]]) -> Offsets:
    offsets = Offsets({0: 1})
    for place in places:
        offsets.add(place)
    return offsets


@given(MESSAGES, st.one_of(st.just(Selection()), SELECTIONS), PLACES)
def test_messages_are_counted_as_their_letters_are(
    messages: list[Message], selection: Selection, places: set[tuple[int, int]]
) -> None:
    assert in_haste(messages, selection, sent(places)) == with_care(messages, selection, sent(places))


@given(MESSAGES, st.integers(0, 6))
def test_parts_of_a_topic_add_up_in_any_order(messages: list[Message], cut: int) -> None:
    joined = Counts(TOPIC, Selection(), sent([]))
    for part in (messages[cut:], messages[:cut]):
        joined.merge(in_haste(part, Selection(), sent([])))
    assert by_kind(joined) == in_haste(messages, Selection(), sent([]))


def test_a_letter_without_a_message_between_two_others_is_read_with_care() -> None:
    """A message is only decoded where it is the newest: it must be missed in any case."""
    oldest, newest, between = (built("avro", "telemetry", Stage.DECODE, at, "it ends") for at in (1, 3, 2))
    found = [
        message(oldest),
        message(newest),
        message([(name, None if name == MESSAGE else of) for name, of in between]),
    ]
    assert in_haste(found, Selection(), Offsets({})) == with_care(found, Selection(), Offsets({}))


@pytest.mark.parametrize("behind", [[], [("traceparent", b"00-1")], [("traceparent", b"00-1"), ("tracestate", b"")]])
def test_what_our_workers_send_is_not_read_a_second_time(behind: list[Header], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "letter_of", lambda record: pytest.fail(f"{record} was read with care"))
    counts = Counts(TOPIC, Selection(), sent([]))
    counts.add([message([*built("avro", "telemetry", Stage.DECODE, at, "it ends"), *behind]) for at in (2, 1)])
    assert counts.found == [Group(TOPIC, "avro", "DECODE", "telemetry", 2, 1, 2, 0, 0, "it ends")]
