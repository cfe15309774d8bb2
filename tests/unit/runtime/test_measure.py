from collections.abc import Mapping

from tests.unit.runtime.fakes import TOY, FakeClock, JsonDecoder, add
from workers.observe.metrics import Metrics
from workers.runtime.measure import measure_batch
from workers.runtime.screen import screen


def counted(metrics: Metrics, labels: Mapping[str, str]) -> float | None:
    return metrics.registry.get_sample_value("llm_memory_graph_events_processed_total", dict(labels))


def test_what_was_turned_away_at_any_stage_counts_as_an_error_and_the_rest_as_success() -> None:
    metrics = Metrics()
    screened = screen(
        TOY, JsonDecoder(), FakeClock(), [add(0, "a", 1), add(1, "a", -1), add(2, "a", 2), add(3, "a", 3)]
    )
    measure_batch(metrics, TOY, screened, frozenset([2]), seconds=0.1)
    assert counted(metrics, {"event_type": "add", "status": "success"}) == 2
    assert counted(metrics, {"event_type": "add", "status": "error"}) == 1
    assert counted(metrics, {"event_type": "unknown", "status": "error"}) == 1
