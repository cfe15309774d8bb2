from workers.core.job import AskConnector, AskReplication
from workers.pipelines.registry.jobs.watch_connector import WatchConnector, WatchReplication
from workers.pipelines.registry.metrics import CAPTURE_BEHIND, CAPTURE_BEHIND_BYTES, CAPTURE_RUNNING, METRICS


def test_the_connector_of_the_registry_is_asked_for_by_a_step_that_is_never_done() -> None:
    (step,) = WatchConnector().steps([{"once": 1}], 0)
    assert step.effects == [AskConnector("registry", CAPTURE_RUNNING)]
    assert step.record is None
    assert CAPTURE_RUNNING in METRICS


def test_how_far_the_connector_is_in_the_log_is_asked_for_too() -> None:
    (step,) = WatchReplication().steps([{"once": 1}], 0)
    assert step.effects == [AskReplication("memory_graph", CAPTURE_BEHIND, CAPTURE_BEHIND_BYTES)]
    assert step.record is None
    assert {CAPTURE_BEHIND, CAPTURE_BEHIND_BYTES} < set(METRICS)
    assert WatchReplication().every_seconds <= 5, "the alert's case counts on it, to show within a minute"
