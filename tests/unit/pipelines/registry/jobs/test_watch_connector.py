from workers.core.job import AskConnector
from workers.pipelines.registry.jobs.watch_connector import WatchConnector
from workers.pipelines.registry.metrics import CAPTURE_RUNNING, METRICS


def test_the_connector_of_the_registry_is_asked_for_by_a_step_that_is_never_done() -> None:
    (step,) = WatchConnector().steps([{"once": 1}], 0)
    assert step.effects == [AskConnector("registry", CAPTURE_RUNNING)]
    assert step.record is None
    assert CAPTURE_RUNNING in METRICS
