import pytest

from workers.core.errors import Misconfigured
from workers.dev.bench.records import COMPLETE, LATE, MIX, VAULT, RecordSet, encode, make, sampled
from workers.dev.sample.records.sampled import INVOCATION


class TextEncoder:
    async def encode(self, topic: str, record_name: str, fields: object) -> bytes:
        return f"{topic}:{record_name}".encode()


def test_invocation_complete_has_as_many_records_as_asked_each_a_trace_of_its_own() -> None:
    records = list(sampled(COMPLETE, 500, seed=1))
    assert len(records) == 500
    assert {record.fields["event_type"] for record in records} == {"llm.invocation.complete"}
    assert len({record.key for record in records}) == 500
    assert all(record.fields["parent_span_id"] is None for record in records)
    assert all(record.key == record.fields["trace_id"] for record in records)


def test_every_tenth_record_is_late_for_a_call_that_ended_long_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.dev.bench.records.LATE_AFTER", 100)
    records = list(sampled(LATE, 1_000, seed=1))
    ends = {record.key: place for place, record in enumerate(records) if record.record_name == INVOCATION}
    late = [(place, record) for place, record in enumerate(records) if record.record_name != INVOCATION]
    assert 80 <= len(late) <= 100
    for place, record in late:
        assert record.fields["event_type"] == "llm.tokens.consumed"
        assert place - ends[record.key] >= 100


async def test_late_records_add_no_node() -> None:
    made = await make(LATE, 300, 1, "telemetry", TextEncoder())  # type: ignore[arg-type]  # stands in for Avro
    assert made.expected == {"Invocation": 300, "USES_MODEL": 300}


def test_the_mix_has_about_as_many_records_as_asked_of_every_kind() -> None:
    records = list(sampled(MIX, 2_000, seed=1))
    assert 1_800 < len(records) < 2_200
    assert len({record.record_name for record in records}) == 5


def test_an_unknown_set_is_refused_by_name() -> None:
    with pytest.raises(Misconfigured, match="no record set 'all'"):
        next(sampled("all", 10, seed=1))


async def test_only_the_end_of_a_call_can_be_asked_for() -> None:
    for record in sampled(MIX, 200, seed=2):
        encoded = await encode(record, "telemetry", TextEncoder())  # type: ignore[arg-type]  # stands in for Avro
        ends = record.record_name == INVOCATION and record.fields["event_type"] != "llm.invocation.start"
        key = f"{record.fields['trace_id']}/{record.fields['span_id']}"
        assert encoded.decides == (key if ends else None)
        assert bool(encoded.headers) == bool(record.fields["trace_id"])


async def test_a_set_knows_what_the_graph_must_hold() -> None:
    made = await make(COMPLETE, 300, 1, "telemetry", TextEncoder())  # type: ignore[arg-type]  # stands in for Avro
    assert made.expected == {"Invocation": 300, "USES_MODEL": 300}
    assert len(made.nodes.invocations) == 300


async def test_the_mix_expects_what_its_traces_come_to() -> None:
    made = await make(MIX, 1_000, 1, "telemetry", TextEncoder())  # type: ignore[arg-type]  # stands in for Avro
    assert made.expected["Invocation"] == len(made.nodes.invocations)
    assert made.expected["CHILD_OF"] > 0
    assert not any(" " in name for name in made.expected)


def test_an_empty_set_expects_nothing() -> None:
    assert RecordSet(COMPLETE).expected == {"Invocation": 0, "USES_MODEL": 0}


async def test_audit_events_are_those_of_the_sample_and_each_is_waited_for() -> None:
    made = await make(VAULT, 900, 1, "audit-events", TextEncoder())  # type: ignore[arg-type]  # stands in for Avro
    assert made.expected == {"AuditEvent": 900}
    assert {each.decides for each in made.records} == made.nodes.audit_events
    assert len(made.nodes.audit_events) == 900
    assert {each.value for each in made.records} == {b"audit-events:com.llm.datavault.audit.AuditEvent"}
    assert not made.nodes.invocations
