"""What is remembered of a trace between batches, and what is not."""

from typing import Any

import pytest

from tests.model.traffic import NAMESPACE
from tests.unit.pipelines.telemetry.applied_plan import AppliedGraph
from tests.unit.pipelines.telemetry.driven import Table, parsed
from tests.unit.pipelines.telemetry.records import fields
from workers.pipelines.telemetry.events import identity
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.limits import MAX_ERRORS_OF_SPAN, MAX_IDS_OF_SPAN

INVOCATION, ERROR = "com.llm.observatory.events.LLMInvocationEvent", "com.llm.observatory.events.LLMErrorEvent"
BEGIN = 1_700_000_000_000


def _call(number: int, **changed: Any) -> tuple[str, dict[str, Any]]:
    own: dict[str, Any] = {
        "event_id": f"e{number}",
        "span_id": f"s{number}",
        "timestamp": BEGIN + number,
        "latency_ms": 0.0,
    }
    return INVOCATION, fields(**own, **changed)


def _run(table: Table, graph: AppliedGraph, log: list[tuple[str, dict[str, Any]]], size: int = 1_000) -> None:
    events = parsed(log)
    for begin in range(0, len(events), size):
        plan, entries = table.plan(events[begin : begin + size])
        graph.apply(plan)
        table.states.update(entries)


def test_a_trace_of_many_spans_that_was_forgotten_between_all_its_batches_has_one_chain() -> None:
    graph = AppliedGraph()
    calls = [_call(0, event_type="llm.invocation.start"), *(_call(number) for number in range(1, 2_500))]
    events = parsed(calls)
    for begin in range(0, len(events), 500):
        plan, _ = Table(graph=graph).plan(events[begin : begin + 500])
        graph.apply(plan)
    joined = {(one, other) for one, kind, other, _ in graph.relationships if kind == "FOLLOWED_BY"}
    expected = {(("Invocation", f"t1/s{n}"), ("Invocation", f"t1/s{n + 1}")) for n in range(2_499)}
    assert joined == expected


def test_a_late_event_of_a_forgotten_trace_takes_nothing_from_its_call() -> None:
    graph = AppliedGraph()
    call = _call(1, prompt_tokens=17, completion_tokens=23, user_id="anna", session_id="s", parent_span_id="p")
    _run(Table(), graph, [call])
    before = dict(graph.nodes["Invocation", "t1/s1"])
    _run(
        Table(graph=graph),
        graph,
        [(INVOCATION, fields(event_id="late", span_id="s1", event_type="llm.invocation.start", timestamp=BEGIN + 1))],
    )
    after = graph.nodes["Invocation", "t1/s1"]
    kept = ("prompt_tokens", "completion_tokens", "cost_usd", "user_id", "session_id", "parent_span_id", "latency_ms")
    assert {name: after.get(name) for name in kept} == {name: before.get(name) for name in kept}
    assert before["cost_usd"] is not None


def test_of_too_many_event_ids_and_errors_of_a_span_the_latest_are_remembered() -> None:
    log = [(ERROR, fields("LLMErrorEvent", event_id=f"e{number:04}")) for number in range(MAX_IDS_OF_SPAN + 10)]
    _, entries = Table().plan(parsed(log))
    trace = Trace.load(entries["t1"])
    assert trace.seen == {identity(f"e{number:04}", "llm.error.occurred") for number in range(10, MAX_IDS_OF_SPAN + 10)}
    assert f"e{MAX_IDS_OF_SPAN + 9 - MAX_ERRORS_OF_SPAN:04}" not in trace.causes
    assert f"e{MAX_IDS_OF_SPAN + 10 - MAX_ERRORS_OF_SPAN:04}" in trace.causes


def test_an_id_that_all_events_of_a_span_share_loses_nothing() -> None:
    same: dict[str, Any] = {"event_id": "s1", "span_id": "s1"}
    begin = same | {"event_type": "llm.invocation.start", "timestamp": BEGIN - 5, "user_id": "anna"}
    log = [
        (INVOCATION, fields(**begin)),
        (INVOCATION, fields(**same)),
        *((f"{NAMESPACE}.{name}", fields(name, **same)) for name in ("LLMTokenEvent", "LLMLatencyEvent")),
        (ERROR, fields("LLMErrorEvent", **same)),
        (f"{NAMESPACE}.LLMMetricsEvent", fields("LLMMetricsEvent", **same)),
    ]
    graph = AppliedGraph()
    _run(Table(graph=graph), graph, log, size=1)
    call = graph.nodes["Invocation", "t1/s1"]
    assert {name: call.get(name) for name in ("status", "timestamp", "user_id", "reasoning_tokens")} == {
        "status": "SUCCESS",
        "timestamp": BEGIN - 5,
        "user_id": "anna",
        "reasoning_tokens": 5,
    }
    others = sorted(node for node in graph.nodes if node[0] in ("Error", "PerformanceMetric"))
    assert others == [("Error", "s1"), ("PerformanceMetric", "s1"), ("PerformanceMetric", "s1#llm.metrics.aggregated")]


def test_prompts_and_completions_are_neither_in_the_plan_nor_in_the_state() -> None:
    plan, entries = Table().plan(parsed([(INVOCATION, fields())]))
    assert "diagnosis" not in f"{plan}{entries}"
    assert "doctor" not in f"{plan}{entries}"


def test_a_state_that_no_event_has_touched_plans_nothing() -> None:
    table = Table()
    _, entries = table.plan(parsed([(INVOCATION, fields())]))
    table.states.update(entries)
    assert table.load("t1").dump() == entries["t1"]
    plan, _ = table.plan(parsed([(INVOCATION, fields())]))
    assert plan == []


@pytest.mark.parametrize("event_type", ["llm.invocation.start", "llm.invocation.complete"])
def test_a_span_of_one_event_is_restored_from_the_properties_of_its_invocation(event_type: str) -> None:
    graph, table = AppliedGraph(), Table()
    told = {"parent_span_id": "p", "session_id": "s", "user_id": "u", "model_version": "1.2", "prompt_tokens": 17}
    _run(table, graph, [_call(1, event_type=event_type, **told, completion_tokens=23)])
    (part,) = graph.folded["t1"].values()
    assert isinstance(part, list), "no bytes beside properties that say the same"
    assert Trace.restore([part]).dump() == table.states["t1"]
