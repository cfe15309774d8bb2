from workers.sample.imitate import imitate_trace
from workers.sample.poison import Poison, strew
from workers.sample.sampled import INVOCATION
from workers.sample.stream import telemetry
from workers.sample.tally import Tally

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
    assert TALLY.expected["Invocation SUCCESS"] + TALLY.expected["Error"] == 400
    ids = [record.fields["event_id"] for record in RECORDS if "metric_type" in record.fields]
    aggregates = [record for record in RECORDS if "window_start" in record.fields]
    assert TALLY.expected["PerformanceMetric"] == len(ids) + len(aggregates)


def test_every_record_is_counted_once() -> None:
    assert TALLY.records == len(ITEMS)
    assert TALLY.poison.total() == sum(isinstance(item, Poison) for item in ITEMS)
    data = TALLY.as_data()
    assert sum(data["records_by_type"].values()) + data["poison"] == len(ITEMS)
    assert data["invocations"] == 400
