from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from structlog.testing import capture_logs

from tests.unit.engine.toy import TOY, add
from workers.core.metric import Measurement, counter, gauge, histogram
from workers.core.report import BatchReport, LogLine, Skipped
from workers.engine.batch.decode import decode_batch
from workers.engine.batch.delivery import Delivered
from workers.engine.batch.measure import measure_batch, report_batch
from workers.observe.metrics import Metrics
from workers.testing import FakeClock, JsonDecoder, WorkerUnderTest

SUMS = counter("sums_total", "Sums.", "kind")
STATES = gauge("sum_states", "States.")
SECONDS = histogram("sum_seconds", "Seconds.", "kind")


def counted(metrics: Metrics, labels: Mapping[str, str]) -> float | None:
    return metrics.registry.get_sample_value("llm_memory_graph_events_processed_total", dict(labels))


def test_records_rejected_at_any_stage_count_as_errors_and_the_rest_as_success() -> None:
    metrics = Metrics()
    batch = decode_batch(
        TOY, JsonDecoder(), FakeClock(), [add(0, "a", 1), add(1, "a", -1), add(2, "a", 2), add(3, "a", 3)]
    )
    measure_batch(metrics, TOY, batch, Delivered(frozenset([2])), seconds=0.1)
    assert counted(metrics, {"event_type": "add", "status": "success"}) == 2
    assert counted(metrics, {"event_type": "add", "status": "error"}) == 1
    assert counted(metrics, {"event_type": "unknown", "status": "error"}) == 1


def test_dropped_records_are_counted_by_policy_and_as_received() -> None:
    metrics = Metrics()
    records = [add(0, "a", 1), add(1, "a", 0), add(2, "a", 0), add(3, "a", -1)]
    measure_batch(metrics, TOY, decode_batch(TOY, JsonDecoder(), FakeClock(), records), Delivered(), seconds=0.1)
    sample = metrics.registry.get_sample_value
    labels = {"event_type": "add", "reason": "zero"}
    assert sample("llm_memory_graph_events_dropped_total", labels) == 2
    assert sample("llm_memory_graph_events_received_total", {"event_type": "add", "source": "observatory"}) == 3
    assert counted(metrics, {"event_type": "unknown", "status": "error"}) == 1


def test_events_that_the_fold_skipped_are_received_and_dropped_and_no_success() -> None:
    metrics = Metrics()
    batch = decode_batch(TOY, JsonDecoder(), FakeClock(), [add(0, "a", 1), add(1, "a", 2), add(2, "a", 3)])
    skipped = (Skipped("add", "stale", "a"),)
    measure_batch(metrics, TOY, batch, Delivered(frozenset([2]), skipped), seconds=0.1)
    assert counted(metrics, {"event_type": "add", "status": "success"}) == 1
    assert counted(metrics, {"event_type": "add", "status": "error"}) == 1
    sample = metrics.registry.get_sample_value
    assert sample("llm_memory_graph_events_received_total", {"event_type": "add", "source": "observatory"}) == 3
    assert sample("llm_memory_graph_events_dropped_total", {"event_type": "add", "reason": "stale"}) == 1


async def test_a_worker_reports_measurements_and_log_lines_of_its_own() -> None:
    def report(batch: BatchReport) -> Iterable[Measurement | LogLine]:
        yield Measurement(SUMS, len(batch.observations), ("toy",))
        yield Measurement(STATES, len(batch.observations))
        yield Measurement(SECONDS, batch.graph_seconds, ("toy",), times=3)
        yield LogLine("warning", "too much", {"codes": batch.dead_letter_codes, "received": dict(batch.received)})

    worker = WorkerUnderTest(replace(TOY, report=report), [SUMS, STATES, SECONDS])
    await worker.run_batch([add(0, "a", 1)])
    delivered = Delivered(frozenset(), ("seen", Skipped("add", "stale", "a"), "seen"), ("toy.unlucky",), 0.1, 0.2)
    with capture_logs() as lines:
        report_batch(worker.spec, Counter({"add": 4}), delivered, worker.sinks)
    assert worker.sample("sums_total", kind="toy") == 2
    assert worker.sample("sum_states") == 2
    assert worker.sample("sum_seconds_count", kind="toy") == 6
    assert lines == [{"log_level": "warning", "event": "too much", "codes": ("toy.unlucky",), "received": {"add": 4}}]


def test_a_worker_without_a_report_reports_nothing() -> None:
    report_batch(TOY, Counter({"add": 1}), Delivered(), WorkerUnderTest(TOY).sinks)
