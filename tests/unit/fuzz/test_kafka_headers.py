"""Headers of any name and any bytes: whoever may write to a topic may write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fuzz.mutations import FUZZ, MARK, in_time, mutated
from tests.unit.fuzz.subjects import SUBJECTS, record
from tests.unit.observe.collected import TRACEPARENT, Collected
from workers.adapters.avro.wire import VALUE_SCHEMA_ID
from workers.adapters.kafka import foreign_headers
from workers.adapters.kafka.headers import NAMES, PREFIX, headers_of, parse, replayed_from
from workers.cli.output import as_json
from workers.core.dead_letter import DeadLetter
from workers.core.record import Headers
from workers.core.stage import Stage
from workers.observe.tracing import ids_of
from workers.ops.dead_letters.letter import letter_of
from workers.ops.dead_letters.show import shown

SPOILT = mutated(
    [TRACEPARENT[1], b"key=value,userId=1", b"42", b"VALIDATE", b"\0\0\0\0\1", b"\1" + b"x" * 16, MARK.encode()]
)
KNOWN = (
    VALUE_SCHEMA_ID,
    "traceparent",
    "tracestate",
    "baggage",
    *(PREFIX + name for name in NAMES.values()),
    *(
        family.prefix + name
        for family in foreign_headers.FAMILIES
        for name in ("topic", "partition", "original-topic", "offset")
    ),
)
LISTS: st.SearchStrategy[Headers] = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(KNOWN), st.text(max_size=9)), st.one_of(st.none(), SPOILT, st.binary(max_size=9))
    ),
    max_size=8,
)


@pytest.mark.parametrize("worker", SUBJECTS)
@FUZZ
@given(headers=LISTS, data=st.data())
def test_a_record_with_any_headers_is_folded_or_dead_lettered(
    worker: str, headers: Headers, data: st.DataObject
) -> None:
    subject = SUBJECTS[worker]
    sample = data.draw(st.sampled_from(subject.samples))
    bad = record(0, sample.key, subject.value(sample), headers)

    with in_time():
        outcome = subject.run(bad)

    assert outcome.through == 0
    assert all(subject.knows(each.stage, each.code) for each in outcome.letters)


@FUZZ
@given(headers=LISTS, failed_at=st.integers(0, 2**62))
def test_a_dead_letter_keeps_any_headers_and_can_be_read(headers: Headers, failed_at: int) -> None:
    letter = DeadLetter(
        record(7, None, None, headers), "group", "telemetry", Stage.DECODE, "code", "why", "E", failed_at
    )

    with in_time():
        sent = headers_of(letter)
        read, first = parse(sent), replayed_from(headers)

    assert [each for each in sent if not each[0].startswith(PREFIX)] == [
        each for each in headers if not each[0].startswith(PREFIX)
    ]
    assert (read.topic, read.partition, read.offset, read.code, read.failed_at) == (
        "records-under-test",
        0,
        7,
        "code",
        failed_at,
    )
    assert first is None or 0 <= first < 2**63


@FUZZ
@given(headers=LISTS, value=st.one_of(st.none(), SPOILT))
def test_what_anybody_puts_into_a_dead_letter_topic_can_be_shown(headers: Headers, value: bytes | None) -> None:
    with in_time():
        text = as_json(shown(letter_of(record(7, value, value, headers)), None, None))

    assert json.loads(text)


@FUZZ
@given(headers=LISTS)
def test_a_span_takes_of_any_headers_only_valid_contexts_and_named_baggage(headers: Headers) -> None:
    tracing = Collected()

    with in_time(), tracing.batch("telemetry", "group", [record(0, None, None, headers)]):
        pass

    (span,) = tracing.spans()
    assert {name for link in span.links for name in link.attributes or ()} <= {"model_id", "provider", "event_type"}
    assert set(ids_of(headers)) in (set(), {"trace_id", "span_id"})
    tracing.inject(list(headers), {"model_id": "m"})
