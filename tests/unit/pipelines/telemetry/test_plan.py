"""What the folding rules' test against the naive model cannot show: the order and the economy of what is written."""

from collections.abc import Iterable
from typing import Any

from tests.unit.pipelines.telemetry.applied_plan import AppliedGraph
from tests.unit.pipelines.telemetry.driven import Table, parsed
from tests.unit.pipelines.telemetry.records import fields
from workers.core.statement import Statement
from workers.core.worker import WorkerSpec
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.trace import Trace
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, registry_model
from workers.pipelines.telemetry.worker import build_with
from workers.pipelines.telemetry.write.plan import ORDER

EVENTS = "com.llm.observatory.events"
BEGIN = 1_700_000_000_000


def _call(number: int, **changed: Any) -> tuple[str, dict[str, Any]]:
    own = {"event_id": f"e{number}", "span_id": f"s{number}", "timestamp": BEGIN + number, "latency_ms": 0.0}
    return f"{EVENTS}.LLMInvocationEvent", fields(**{**own, **changed})


def _error(trace: str, event_id: str, caused_by: str | None) -> tuple[str, dict[str, Any]]:
    return f"{EVENTS}.LLMErrorEvent", fields("LLMErrorEvent", trace_id=trace, event_id=event_id, caused_by=caused_by)


def _counts(plan: Iterable[Statement]) -> dict[str, int]:
    return {statement.name: len(statement.rows) for statement in plan if statement.rows}


def test_calls_in_order_take_four_statements_and_none_that_deletes() -> None:
    plan, _ = Table().plan(parsed([_call(number) for number in range(3)]))
    assert _counts(plan) == {"ModelName": 1, "Model": 1, "Invocation": 3, "FOLLOWED_BY": 2}


def test_every_plan_has_the_same_statements_so_that_the_server_makes_its_own_plan_once() -> None:
    plans = [Table().plan(parsed([sent]))[0] for sent in (_call(1), _error("t1", "e", None))]
    for plan in plans:
        assert [statement.cypher for statement in plan] == [template.cypher for template in ORDER]


def test_a_span_that_was_written_before_is_written_alone() -> None:
    table = Table()
    table.states.update(table.plan(parsed([_call(1, event_type="llm.invocation.start")]))[1])
    plan, _ = table.plan(parsed([_call(1, event_id="end")]))
    assert _counts(plan) == {"ModelName": 1, "Model": 1, "Invocation": 1, "USES_VERSION changed": 1}


def test_rows_of_shared_nodes_come_in_the_order_of_the_nodes_they_lock() -> None:
    log = [_call(number, model_id=f"m{9 - number % 3}", trace_id=f"t{number}") for number in range(9)]
    log += [_error("t1", f"e{number}", f"e{number - 1}") for number in range(20, 10, -1)]
    plan, _ = Table().plan(parsed(log))
    rows = {statement.name: [tuple(row) for row in statement.rows] for statement in plan}
    for name in ("Model", "Invocation", "TRIGGERED_BY"):
        assert len(rows[name]) > 1
        assert rows[name] == sorted(rows[name])
    assert [model_id for model_id, *_ in rows["Invocation"]] == ["m7"] * 3 + ["m8"] * 3 + ["m9"] * 3


def test_every_statement_starts_as_the_writer_expects_and_takes_rows_by_place() -> None:
    for template in ORDER:
        assert template.cypher.startswith("UNWIND $rows AS row\n")
        assert "row." not in template.cypher


def test_rows_are_lists_which_the_driver_packs_fastest() -> None:
    plan, _ = Table().plan(parsed([_call(1), _error("t1", "x", None)]))
    assert {type(row) for statement in plan for row in statement.rows} == {list}


def test_a_cause_in_another_trace_must_come_first_in_the_log_even_within_a_batch() -> None:
    log = [_error("t1", "early", "late"), _error("t2", "late", "early")]
    plan, _ = Table().plan(parsed(log))
    graph = AppliedGraph()
    graph.apply(plan)
    chained = {(error, cause) for error, kind, cause, _ in graph.relationships if kind == "TRIGGERED_BY"}
    assert chained == {(("Error", "late"), ("Error", "early"))}


def test_copies_of_an_aggregate_in_one_batch_are_one() -> None:
    aggregate = (f"{EVENTS}.LLMMetricsEvent", fields("LLMMetricsEvent", trace_id=None))
    plan, entries = Table().plan(parsed([aggregate, aggregate]))
    assert _counts(plan) == {"ModelName": 1, "Model": 1, "PerformanceMetric of Model": 1}
    assert entries == {}


def test_of_aggregates_with_one_id_the_first_of_the_log_counts() -> None:
    log = [
        (f"{EVENTS}.LLMMetricsEvent", fields("LLMMetricsEvent", trace_id=None, avg_latency_ms=latency))
        for latency in (3.0, 1.0, 2.0)
    ]
    graph = AppliedGraph()
    graph.apply(Table().plan(parsed(log))[0])
    assert graph.nodes["PerformanceMetric", "e1"]["value"] == 3.0


def _worker(*aliases: str) -> WorkerSpec[Event, Trace]:
    """Build a worker whose registry has gpt-4o."""
    history = RegistryHistory(lambda _provider, _name: None)
    price = ("gpt-4o@then", 0, None, None, None, "1", "1", None, None)
    history.replace([registry_model("gpt-4o", "openai", aliases, [price])])
    return build_with(history, Catalogue(), TelemetryOptions(topic="llm-telemetry-events", group="telemetry"))


def test_a_call_under_an_alias_uses_the_registrys_model_and_keeps_its_name() -> None:
    graph = AppliedGraph()
    aggregate = fields("LLMMetricsEvent", trace_id=None, model_id="gpt-4o-2024-08-06", provider="openai", event_id="a")
    log = [_call(1, model_id="gpt-4o-2024-08-06", provider="openai"), (f"{EVENTS}.LLMMetricsEvent", aggregate)]
    graph.apply(Table(_worker("gpt-4o-2024-08-06")).plan(parsed(log))[0])
    assert {(kind, one, other) for one, kind, other, _ in graph.relationships} == {
        ("USES_MODEL", ("Invocation", "t1/s1"), ("Model", "gpt-4o")),
        ("HAS_METRIC", ("Model", "gpt-4o"), ("PerformanceMetric", "a")),
    }
    assert graph.nodes["Invocation", "t1/s1"]["model_id"] == "gpt-4o-2024-08-06"
    assert ("Model", "gpt-4o-2024-08-06") not in graph.nodes
    assert graph.names["openai/gpt-4o-2024-08-06"]["model_ids"] == ["gpt-4o"]


def test_a_call_whose_name_changes_uses_another_model_but_not_where_both_names_mean_one() -> None:
    worker = _worker("gpt-4o-2024-08-06")
    for name, used in (("gpt-4o", "gpt-4o"), ("other", "other")):
        graph, table = AppliedGraph(), Table(worker)
        start = _call(1, event_type="llm.invocation.start", model_id="gpt-4o-2024-08-06", provider="openai")
        for sent in (start, _call(1, event_id="end", model_id=name, provider="openai")):
            plan, entries = table.plan(parsed([sent]))
            graph.apply(plan)
            table.states.update(entries)
        assert [other[1] for _, kind, other, _ in graph.relationships if kind == "USES_MODEL"] == [used]


def test_a_worker_that_knows_another_meaning_marks_the_name() -> None:
    graph, log = AppliedGraph(), [_call(1, model_id="gpt-4o-2024-08-06", provider="openai")]
    graph.apply(Table(_worker("gpt-4o-2024-08-06")).plan(parsed(log))[0])
    graph.apply(Table(_worker()).plan(parsed(log))[0])
    assert graph.names["openai/gpt-4o-2024-08-06"]["model_ids"] == ["gpt-4o", "gpt-4o-2024-08-06"]
