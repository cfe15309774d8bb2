from tests.unit.pipelines.telemetry.driven import WORKER, keyed
from tests.unit.pipelines.telemetry.records import fields, parsed_from
from workers.pipelines.telemetry.worker import trace_id


def test_events_are_kept_by_trace() -> None:
    event = parsed_from(fields())
    assert (keyed(WORKER).key(event), trace_id(event)) == ("t1", "t1")
    assert WORKER.event_type(event) == "llm.invocation.complete"


def test_an_aggregate_of_no_span_has_no_state() -> None:
    event = parsed_from(fields("LLMMetricsEvent", trace_id=None), "LLMMetricsEvent", key=None)
    assert (keyed(WORKER).key(event), trace_id(event)) == (None, None)
    assert WORKER.event_type(event) == "llm.metrics.aggregated"
