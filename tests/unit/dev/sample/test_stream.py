from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

from workers.dev.sample.calls.call import Call
from workers.dev.sample.calls.imitate import imitate_trace
from workers.dev.sample.records.sampled import ERROR, INVOCATION, METRICS, Sampled
from workers.dev.sample.stream import BLOCK, telemetry

START = 1_700_158_623_000.0
CALLS = list(imitate_trace(3_000, START, 1))


def records_of(calls: Sequence[Call], seed: int = 1, source: str = "test") -> list[Sampled]:
    return list(telemetry(calls, source=source, seed=seed))


RECORDS = records_of(CALLS)


def invocations(records: Sequence[Sampled], step: str) -> list[Any]:
    return [
        record.fields
        for record in records
        if record.record_name == INVOCATION
        and (record.fields["event_type"] == "llm.invocation.start") == (step == "start")
    ]


STARTS = invocations(RECORDS, "start")
ENDS = {(fields["trace_id"], fields["span_id"]): fields for fields in invocations(RECORDS, "end")}


def test_each_call_is_one_span_with_one_start_at_its_own_time_and_one_end() -> None:
    assert [fields["timestamp"] for fields in STARTS] == [int(call.timestamp) for call in CALLS]
    assert len({(fields["trace_id"], fields["span_id"]) for fields in STARTS}) == len(CALLS)
    assert {(fields["trace_id"], fields["span_id"]) for fields in STARTS} == set(ENDS)
    assert len(invocations(RECORDS, "end")) == len(CALLS)


def test_tokens_of_the_calls_are_kept() -> None:
    assert sum(fields["token_count"] for fields in ENDS.values()) == sum(
        call.prompt_tokens + call.completion_tokens for call in CALLS
    )


def test_records_come_in_the_order_of_event_time() -> None:
    times = [record.fields["timestamp"] for record in RECORDS]
    assert times == sorted(times)


def test_the_same_seed_gives_the_same_records_and_another_seed_or_source_other_ids() -> None:
    assert records_of(CALLS[:200]) == records_of(CALLS[:200])
    ids = {record.fields["event_id"] for record in records_of(CALLS[:200])}
    for other in (records_of(CALLS[:200], seed=2), records_of(CALLS[:200], source="other")):
        assert ids.isdisjoint(record.fields["event_id"] for record in other)


def test_every_event_id_is_its_own() -> None:
    assert len({record.fields["event_id"] for record in RECORDS}) == len(RECORDS)


def test_the_key_is_the_trace_or_the_model_of_an_aggregate() -> None:
    assert all(
        record.key == record.fields["model_id" if record.record_name == METRICS else "trace_id"] for record in RECORDS
    )


def test_parents_are_spans_of_the_same_trace_that_are_under_way_while_their_children_run() -> None:
    starts = {(fields["trace_id"], fields["span_id"]): fields for fields in STARTS}
    children = [fields for fields in STARTS if fields["parent_span_id"]]
    assert len(children) > len(STARTS) / 3
    for child in children:
        parent = child["trace_id"], child["parent_span_id"]
        assert starts[parent]["timestamp"] <= child["timestamp"]
        assert ENDS[parent]["timestamp"] >= ENDS[child["trace_id"], child["span_id"]]["timestamp"]


def test_a_trace_has_one_root_one_session_and_one_user() -> None:
    traces = defaultdict(list)
    for fields in STARTS:
        traces[fields["trace_id"]].append(fields)
    for spans in traces.values():
        assert [span["parent_span_id"] for span in spans].count(None) == 1
        assert len({(span["session_id"], span["user_id"], span["classification"]) for span in spans}) == 1
    sessions = Counter(spans[0]["session_id"] for spans in traces.values())
    assert max(sessions.values()) > 1


def test_failures_have_an_error_a_status_and_now_and_then_a_retry() -> None:
    errors = [record.fields for record in RECORDS if record.record_name == ERROR]
    failed = {span for span, fields in ENDS.items() if fields["event_type"] == "llm.invocation.error"}
    assert {(error["trace_id"], error["span_id"]) for error in errors} == failed
    assert {ENDS[span]["status"] for span in failed} == {"ERROR", "TIMEOUT"}
    assert 0.01 < len(failed) / len(CALLS) < 0.08
    retries = [fields for fields in ENDS.values() if "retry_of" in fields["metadata"]]
    assert retries
    assert all((fields["trace_id"], fields["metadata"]["retry_of"]) in failed for fields in retries)


def test_errors_that_name_a_cause_name_that_of_a_child_which_came_before() -> None:
    errors = [record.fields for record in RECORDS if record.record_name == ERROR]
    by_id = {error["event_id"]: error for error in errors}
    caused = [error for error in errors if error["caused_by"]]
    assert caused
    parents = {(fields["trace_id"], fields["span_id"]): fields["parent_span_id"] for fields in STARTS}
    for error in caused:
        cause = by_id[error["caused_by"]]
        assert cause["timestamp"] <= error["timestamp"]
        assert parents[cause["trace_id"], cause["span_id"]] == error["span_id"]


def test_latency_has_a_long_tail_and_grows_with_generated_tokens() -> None:
    latencies = sorted(fields["latency_ms"] for fields in ENDS.values())
    assert latencies[int(len(latencies) * 0.99)] > 10 * latencies[len(latencies) // 2]
    leaves = [fields for fields in ENDS.values() if fields["metadata"]["gen_ai.operation.name"] != "invoke_agent"]
    long, short = (
        [fields["latency_ms"] for fields in leaves if low < fields["completion_tokens"] <= high]
        for low, high in ((100, 10_000), (0, 10))
    )
    assert sum(long) / len(long) > 3 * sum(short) / len(short)


def test_records_of_a_trace_lie_near_each_other_in_the_log() -> None:
    positions = defaultdict(list)
    for position, record in enumerate(RECORDS):
        positions[record.key].append(position)
    spread = sorted(max(found) - min(found) for found in positions.values())
    assert spread[len(spread) // 2] < 500


def test_five_minute_figures_and_those_of_the_day_add_up_to_all_calls() -> None:
    metrics = [record.fields for record in RECORDS if record.record_name == METRICS]
    for event_type in ("llm.metrics.aggregated", "llm.performance.daily_summary"):
        own = [fields for fields in metrics if fields["event_type"] == event_type]
        assert sum(fields["total_invocations"] for fields in own) == len(CALLS)
        assert all(fields["window_start"] < fields["timestamp"] for fields in own)
        assert all(0 <= fields["error_rate"] <= 1 for fields in own)
    keys = [(fields["event_type"], fields["model_id"], fields["window_start"]) for fields in metrics]
    assert len(set(keys)) == len(keys)


def test_latency_model_and_session_that_the_input_names_are_kept() -> None:
    calls = [
        Call(START + 400 * n, 10, 5, "llama-3.1-8b-instant", "groq", 123.0, f"session-{n % 3}") for n in range(300)
    ]
    records = records_of(calls)
    ends = invocations(records, "end")
    assert {fields["latency_ms"] for fields in ends} == {123.0}
    assert {(fields["provider"], fields["model_id"]) for fields in ends} == {("groq", "llama-3.1-8b-instant")}
    sessions = {(fields["session_id"], fields["timestamp"]) for fields in invocations(records, "start")}
    assert sessions == {(call.session_id, int(call.timestamp)) for call in calls}


def test_a_long_input_is_grouped_block_by_block_and_stays_in_order() -> None:
    calls = list(imitate_trace(BLOCK + 500, START, 2))
    records = records_of(calls)
    times = [record.fields["timestamp"] for record in records]
    assert times == sorted(times)
    assert len(invocations(records, "start")) == len(calls)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_very_short_inputs_work(count: int) -> None:
    records = records_of(CALLS[:count])
    assert len(invocations(records, "end")) == count


def test_calls_at_one_instant_keep_their_order_and_number() -> None:
    calls = [Call(START, 10, 5)] * 100
    assert len({fields["span_id"] for fields in invocations(records_of(calls), "start")}) == 100
