"""What is remembered of a trace between batches, and what is not."""

from typing import Any

from msgspec import msgpack

from tests.unit.pipelines.telemetry.applied_plan import AppliedGraph
from tests.unit.pipelines.telemetry.driven import Table, parsed
from tests.unit.pipelines.telemetry.records import fields
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.limits import MAX_ERRORS_IN_STATE, MAX_EVENT_IDS_IN_STATE, MAX_SPANS_IN_STATE

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


def test_states_of_before_use_cases_were_read_are_still_read() -> None:
    graph, table = AppliedGraph(), Table()
    _run(table, graph, [_call(1, metadata={})])
    ((key, stored),) = table.states.items()
    seen, errors, spans = msgpack.decode(stored)
    spans[0][7] = spans[0][7][:-1]
    table.states[key] = msgpack.encode([seen, errors, spans])
    _run(table, graph, [_call(2, metadata={"use_case": "chat"})])
    assert [node.get("use_case") for node in graph.nodes.values() if "key" in node] == [None, "chat"]


def test_a_trace_of_too_many_spans_keeps_the_latest_and_its_chain_goes_on() -> None:
    table = Table()
    spans = MAX_SPANS_IN_STATE + 1_500
    plans = [table.plan(parsed([_call(number) for number in range(MAX_SPANS_IN_STATE + 500)]))]
    table.states.update(plans[0][1])
    plans.append(table.plan(parsed([_call(number) for number in range(MAX_SPANS_IN_STATE + 500, spans)])))
    joined = [row for plan, _ in plans for each in plan if each.name == "FOLLOWED_BY" for row in each.rows]
    assert len(joined) == spans - 1
    assert not any(each.name == "FOLLOWED_BY changed" and each.rows for plan, _ in plans for each in plan)
    kept = Trace.load(plans[1][1]["t1"])
    assert [span_id for _, span_id in kept.chain.order] == [f"s{n}" for n in range(spans - MAX_SPANS_IN_STATE, spans)]


def test_open_spans_stay_while_there_are_ended_ones_to_leave() -> None:
    log = [_call(0, event_type="llm.invocation.start"), *(_call(n) for n in range(1, MAX_SPANS_IN_STATE + 2))]
    _, entries = Table().plan(parsed(log))
    order = Trace.load(entries["t1"]).chain.order
    assert [span_id for _, span_id in order[:2]] == ["s0", "s3"]
    assert len(order) == MAX_SPANS_IN_STATE


def test_a_late_event_for_a_span_that_has_left_cuts_nothing_in_the_graph() -> None:
    table, graph = Table(), AppliedGraph()
    _run(table, graph, [_call(number) for number in range(5)])
    before = set(graph.relationships)
    kept = Trace.load(table.states["t1"])
    kept.chain.order = kept.chain.order[-1:]
    table.states["t1"] = kept.dump()
    _run(table, graph, [(INVOCATION, _call(2)[1] | {"event_id": "late", "latency_ms": 0.5})])
    assert graph.relationships == before


def test_of_too_many_event_ids_and_errors_the_latest_are_remembered() -> None:
    ids = [f"e{number}" for number in range(MAX_EVENT_IDS_IN_STATE + 10)]
    trace = Trace()
    trace.seen.update(dict.fromkeys(ids))
    kept = Trace.load(trace.dump())
    assert list(kept.seen) == ids[10:]
    log = [(ERROR, fields("LLMErrorEvent", event_id=f"e{number}")) for number in range(MAX_ERRORS_IN_STATE + 10)]
    _, entries = Table().plan(parsed(log))
    causes = Trace.load(entries["t1"]).causes
    assert "e9" not in causes
    assert "e10" in causes


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
