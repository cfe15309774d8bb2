from tests.unit.pipelines.telemetry.records import fields, parsed_from
from workers.pipelines.telemetry.worker import WORKER


def test_events_are_kept_by_trace() -> None:
    event = parsed_from(fields())
    assert (WORKER.state_key(event), WORKER.trace_of(event)) == ("t1", "t1")
    assert WORKER.event_type(event) == "llm.invocation.complete"


def test_an_aggregate_of_no_span_has_no_state() -> None:
    event = parsed_from(fields("LLMMetricsEvent", trace_id=None), "LLMMetricsEvent", key=None)
    assert (WORKER.state_key(event), WORKER.trace_of(event)) == (None, None)
    assert WORKER.event_type(event) == "llm.metrics.aggregated"
