from workers.dev.sample.calls.imitate import imitate_trace
from workers.dev.sample.records.poison import Poison, strew
from workers.dev.sample.records.sampled import INVOCATION
from workers.dev.sample.records.tally import Tally
from workers.dev.sample.stream import telemetry

RECORDS = list(telemetry(imitate_trace(400, 1_700_000_000_000.0, 5), source="test", seed=5))
ITEMS = list(strew(RECORDS, 3, 5))
TALLY = Tally()
for item in ITEMS:
    TALLY.count(item)


def test_what_is_expected_of_the_graph_follows_from_the_good_records_alone() -> None:
    spans = {(record.key, record.fields["span_id"]) for record in RECORDS if record.record_name == INVOCATION}
    traces = {trace for trace, _ in spans}
    assert TALLY.expected["Invocation"] == TALLY.invocations == len(spans) == 400
    assert TALLY.expected["FOLLOWED_BY"] == len(spans) - len(traces)
    assert TALLY.roots == len(traces)
    assert TALLY.expected["Invocation SUCCESS"] + TALLY.expected["CAUSED_ERROR"] == 400
    assert TALLY.expected["HAS_METRIC"] == sum("metric_type" in record.fields for record in RECORDS)
    assert TALLY.expected["total_tokens"] == sum(record.fields.get("total_tokens", 0) for record in RECORDS)


def test_an_error_is_triggered_by_that_of_each_child_that_failed() -> None:
    ended = {
        (record.key, record.fields["span_id"]): record.fields
        for record in RECORDS
        if record.record_name == INVOCATION and record.fields["event_type"] != "llm.invocation.start"
    }
    failed = {span for span, fields in ended.items() if fields["status"] != "SUCCESS"}
    pairs = [span for span in failed if (span[0], ended[span]["parent_span_id"]) in failed]
    assert TALLY.expected["TRIGGERED_BY"] == len(pairs) > 0


def test_every_record_is_counted_once() -> None:
    assert TALLY.records == len(ITEMS)
    assert TALLY.poison.total() == sum(isinstance(item, Poison) for item in ITEMS)
    data = TALLY.as_data()
    assert sum(data["records_by_type"].values()) + data["poison"] == len(ITEMS)
    assert data["invocations"] == 400
