"""A record ends as folded, dropped or dead-lettered with a code, and its neighbours as if it were not there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fuzz.mutations import FUZZ, MARK, PRIVATE, in_time, mutated, values_of
from tests.unit.fuzz.subjects import SUBJECTS, Outcome, Sample, Subject, record
from workers.adapters.kafka.headers import headers_of, parse
from workers.core.record import ConsumedRecord

LONGEST_MESSAGE = 1_000
every_worker = pytest.mark.parametrize("worker", SUBJECTS)


WRITTEN: dict[int, list[tuple[str, list[Any]]]] = {}
ORIGINALS = {name: [subject.value(each) for each in subject.samples] for name, subject in SUBJECTS.items()}


def check(subject: Subject, sample: Sample, bad: ConsumedRecord) -> Outcome:
    """Run a batch of a bad record between two good ones."""
    good = neighbours(subject, sample)
    with in_time():
        outcome = subject.run(good[0], bad, good[1])
    assert outcome.through == 2
    assert [letter.record for letter in outcome.letters] in ([], [bad])
    for letter in outcome.letters:
        assert subject.knows(letter.stage, letter.code), letter.code
        assert letter.message
        assert len(parse(headers_of(letter)).message) <= LONGEST_MESSAGE
        assert outcome.written == without_it(subject, sample), "half an effect"
    return outcome


def neighbours(subject: Subject, sample: Sample) -> list[ConsumedRecord]:
    return [record(offset, sample.key, subject.value(sample)) for offset in (0, 2)]


def without_it(subject: Subject, sample: Sample) -> list[tuple[str, list[Any]]]:
    """Return what the good records alone write; each sample is run once."""
    if id(sample) not in WRITTEN:
        WRITTEN[id(sample)] = subject.run(*neighbours(subject, sample)).written
    return WRITTEN[id(sample)]


@every_worker
@FUZZ
@given(data=st.data())
def test_a_value_of_any_bytes(worker: str, data: st.DataObject) -> None:
    subject = SUBJECTS[worker]
    sample = data.draw(st.sampled_from(subject.samples), "sample")
    value = data.draw(mutated(ORIGINALS[worker]), "value")

    outcome = check(subject, sample, record(1, sample.key, value))

    for letter in outcome.letters:
        assert letter.stage != "DECODE" or MARK not in letter.message


@every_worker
@FUZZ
@given(data=st.data())
def test_fields_of_any_value(worker: str, data: st.DataObject) -> None:
    subject = SUBJECTS[worker]
    sample: Sample = data.draw(st.sampled_from(subject.samples), "sample")
    types = {each["name"]: each["type"] for each in sample.schema["fields"]}
    changed: dict[str, Any] = {}
    for name in data.draw(st.lists(st.sampled_from(sorted(types)), min_size=1, max_size=3, unique=True), "changed"):
        inside = sample.fields.get(name)
        if isinstance(inside, dict) and data.draw(st.booleans(), "one inside"):
            changed[name] = inside | _one_changed(types[name], inside, data)
        else:
            changed[name] = data.draw(
                PRIVATE if name in sample.private else values_of(types[name], _known(sample)), name
            )
    key = data.draw(st.one_of(st.just(sample.key), st.none(), st.binary(max_size=9)), "key")
    if data.draw(st.booleans(), "private key"):
        key = f"{MARK}key".encode()

    outcome = check(subject, sample, record(1, key, subject.value(sample, **changed)))

    assert not [letter.message for letter in outcome.letters if MARK in letter.message]


def _one_changed(kind: Any, inside: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Change one field of a record inside of the record."""
    branches = kind if isinstance(kind, list) else [kind]
    fields = next((each["fields"] for each in branches if isinstance(each, dict) and "fields" in each), None)
    if not fields:
        return {}
    field = data.draw(st.sampled_from(fields), "field")
    return {field["name"]: data.draw(values_of(field["type"]), field["name"])}


def _known(sample: Sample) -> dict[str, Any]:
    """Return the records that are named inside of the schema."""
    inner = [
        part for each in sample.schema["fields"] for part in (each["type"] if isinstance(each["type"], list) else ())
    ]
    return {each["name"]: each for each in inner if isinstance(each, dict) and "name" in each}
