from collections import Counter
from collections.abc import Mapping

from tests.unit.engine.fakes import TOY, FakeClock, JsonDecoder, add
from workers.engine.batch.decode import decode_batch
from workers.engine.batch.delivered import Delivered
from workers.engine.batch.measure import measure_batch
from workers.observe.metrics import Metrics


def counted(metrics: Metrics, labels: Mapping[str, str]) -> float | None:
    return metrics.registry.get_sample_value("llm_memory_graph_events_processed_total", dict(labels))


def test_what_was_turned_away_at_any_stage_counts_as_an_error_and_the_rest_as_success() -> None:
    metrics = Metrics()
    decoded = decode_batch(
        TOY, JsonDecoder(), FakeClock(), [add(0, "a", 1), add(1, "a", -1), add(2, "a", 2), add(3, "a", 3)]
    )
    measure_batch(metrics, TOY, decoded, Delivered(frozenset([2])), seconds=0.1)
    assert counted(metrics, {"event_type": "add", "status": "success"}) == 2
    assert counted(metrics, {"event_type": "add", "status": "error"}) == 1
    assert counted(metrics, {"event_type": "unknown", "status": "error"}) == 1


def test_what_a_policy_leaves_out_is_counted_by_its_name_and_as_received() -> None:
    metrics = Metrics()
    records = [add(0, "a", 1), add(1, "a", 0), add(2, "a", 0), add(3, "a", -1)]
    measure_batch(metrics, TOY, decode_batch(TOY, JsonDecoder(), FakeClock(), records), Delivered(), seconds=0.1)
    sample = metrics.registry.get_sample_value
    labels = {"event_type": "add", "reason": "zero"}
    assert sample("llm_memory_graph_events_dropped_total", labels) == 2
    assert sample("llm_memory_graph_events_received_total", {"event_type": "add", "source": "observatory"}) == 3
    assert counted(metrics, {"event_type": "unknown", "status": "error"}) == 1


def test_what_the_fold_left_out_was_received_and_is_no_success() -> None:
    metrics = Metrics()
    decoded = decode_batch(TOY, JsonDecoder(), FakeClock(), [add(0, "a", 1), add(1, "a", 2), add(2, "a", 3)])
    measure_batch(metrics, TOY, decoded, Delivered(frozenset([2]), Counter({"add": 1})), seconds=0.1)
    assert counted(metrics, {"event_type": "add", "status": "success"}) == 1
    assert counted(metrics, {"event_type": "add", "status": "error"}) == 1
    received = {"event_type": "add", "source": "observatory"}
    assert metrics.registry.get_sample_value("llm_memory_graph_events_received_total", received) == 3
