from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from workers.core.metric import Kind, Measurement, counter, gauge, histogram
from workers.observe.metric_list import ENGINE_METRICS
from workers.observe.metrics import UNKNOWN, Metrics
from workers.observe.series import MAX_VALUES, OTHER
from workers.testing import FakeClock

# Names and labels that users already rely on.
FIXED = {
    "llm_memory_graph_events_received_total": ("event_type", "source"),
    "llm_memory_graph_events_processed_total": ("event_type", "status"),
    "llm_memory_graph_events_dropped_total": ("event_type", "reason"),
    "llm_memory_graph_event_processing_duration_seconds": ("event_type",),
    "llm_memory_graph_graph_write_duration_seconds": ("operation_type",),
    "llm_memory_graph_buffer_utilization_percent": ("consumer_id",),
    "llm_memory_graph_kafka_lag_messages": ("partition",),
    "circuit_breaker_state": ("service",),
}


def _value(metrics: Metrics, name: str, labels: Mapping[str, str]) -> float | None:
    return metrics.registry.get_sample_value(name, dict(labels))


def _feed_everything(metrics: Metrics) -> None:
    metrics.received("llm.invocation.start", "observatory", 3)
    metrics.processed("llm.invocation.start", "success", 2)
    metrics.dropped("llm.invocation.start", "expired")
    metrics.processing("llm.invocation.start", 0.02, 2)
    with metrics.graph_write("batch", FakeClock()):
        pass
    with metrics.step("graph", FakeClock()):
        pass
    metrics.buffer_utilization("telemetry-0", 12.5)
    metrics.lag(4, 77)
    metrics.event_time_lag(4, 12.5)
    metrics.waiting(4, "neo4j", waits=True)
    metrics.unready("neo4j", unready=True)
    metrics.recovery(1.5)
    metrics.watermark("llm-telemetry-events", 4, 1_000)
    metrics.dead_letters("DECODE", "avro.unknown_schema", 2)
    metrics.dead_letters_waiting("llm-telemetry-events.dlq", "avro.unknown_schema", 2, 30.5)
    metrics.dead_letters_near_retention("llm-telemetry-events.dlq", 0.5)
    metrics.batch("telemetry", 500)
    metrics.retry("telemetry", "neo4j")
    metrics.rebalanced("telemetry")
    metrics.state_entries("telemetry", 12)
    metrics.states_read("telemetry", 3, 0.004)
    metrics.topology("0123456789ab", 1.0)
    metrics.breaker("neo4j", 1)
    metrics.breaker_openings("neo4j")
    metrics.parked("registry-changes", 2, 90.0)
    metrics.job_step("usage", "done")


def test_names_and_labels_that_users_rely_on_do_not_change() -> None:
    listed = {spec.name: spec.labels for spec in ENGINE_METRICS}

    assert FIXED.items() <= listed.items()
    assert all(name.startswith("llm_memory_graph_") for name in listed.keys() - FIXED.keys())


def test_every_listed_metric_is_fed_and_exposed_with_its_labels() -> None:
    metrics = Metrics()
    _feed_everything(metrics)

    page, content_type = metrics.exposition()
    exposed = {
        sample.name: frozenset(sample.labels) - {"le"}
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }

    assert content_type.startswith("text/plain")
    for spec in ENGINE_METRICS:
        name = spec.name + "_count" if spec.kind is Kind.HISTOGRAM else spec.name
        assert exposed[name] == frozenset(spec.labels)
    assert not [name for name in exposed if name.endswith("_created")]


def test_counts_of_a_batch_add_up() -> None:
    metrics = Metrics()
    metrics.received("llm.tokens.consumed", "observatory", 400)
    metrics.received("llm.tokens.consumed", "observatory", 100)

    labels = {"event_type": "llm.tokens.consumed", "source": "observatory"}
    assert _value(metrics, "llm_memory_graph_events_received_total", labels) == 500


def test_equal_durations_of_a_batch_are_observed_at_once() -> None:
    metrics = Metrics()
    metrics.processing("llm.tokens.consumed", 0.02, 300)
    metrics.processing("llm.tokens.consumed", 0.2, 100)
    metrics.processing("llm.tokens.consumed", 500.0)

    name = "llm_memory_graph_event_processing_duration_seconds"
    labels = {"event_type": "llm.tokens.consumed"}
    assert _value(metrics, f"{name}_bucket", {**labels, "le": "0.01"}) == 0
    assert _value(metrics, f"{name}_bucket", {**labels, "le": "0.025"}) == 300
    assert _value(metrics, f"{name}_bucket", {**labels, "le": "0.25"}) == 400
    assert _value(metrics, f"{name}_bucket", {**labels, "le": "60.0"}) == 400
    assert _value(metrics, f"{name}_bucket", {**labels, "le": "+Inf"}) == 401
    assert _value(metrics, f"{name}_count", labels) == 401
    assert _value(metrics, f"{name}_sum", labels) == pytest.approx(0.02 * 300 + 0.2 * 100 + 500)


def test_a_value_on_a_bound_counts_below_it() -> None:
    metrics = Metrics()
    metrics.batch("telemetry", 1_000)

    labels = {"worker": "telemetry", "le": "1000.0"}
    assert _value(metrics, "llm_memory_graph_batch_records_bucket", labels) == 1


def test_event_types_beyond_the_bound_count_as_other() -> None:
    metrics = Metrics()
    for number in range(MAX_VALUES + 10):
        metrics.received(f"type.{number}", "observatory")
    metrics.received("type.0", "observatory")

    name = "llm_memory_graph_events_received_total"
    assert _value(metrics, name, {"event_type": OTHER, "source": "observatory"}) == 10
    assert _value(metrics, name, {"event_type": "type.0", "source": "observatory"}) == 2
    assert _value(metrics, name, {"event_type": f"type.{MAX_VALUES}", "source": "observatory"}) is None


@pytest.mark.parametrize("strange", ["", "x" * 65, "tell me a joke", 'a"b\nc', "ключ"])
def test_label_values_of_a_strange_shape_count_as_other(strange: str) -> None:
    metrics = Metrics()
    metrics.processed(strange, "error")

    labels = {"event_type": OTHER, "status": "error"}
    assert _value(metrics, "llm_memory_graph_events_processed_total", labels) == 1


def test_the_type_of_undecodable_records_is_a_label_like_any_other() -> None:
    metrics = Metrics()
    metrics.received(UNKNOWN, "observatory")

    labels = {"event_type": "unknown", "source": "observatory"}
    assert _value(metrics, "llm_memory_graph_events_received_total", labels) == 1


def test_partitions_are_never_bounded() -> None:
    metrics = Metrics()
    for partition in range(MAX_VALUES + 1):
        metrics.lag(partition, partition)

    assert _value(metrics, "llm_memory_graph_kafka_lag_messages", {"partition": str(MAX_VALUES)}) == MAX_VALUES


def test_a_revoked_partition_shows_neither_lag_nor_watermark_until_it_comes_back() -> None:
    metrics = Metrics()
    metrics.lag(4, 77)
    metrics.event_time_lag(4, 12.5)
    metrics.waiting(4, "neo4j", waits=True)
    metrics.watermark("t", 4, 10)

    metrics.revoked("t", 4)
    metrics.revoked("t", 5)

    assert _value(metrics, "llm_memory_graph_kafka_lag_messages", {"partition": "4"}) is None
    assert _value(metrics, "llm_memory_graph_watermark_offset", {"topic": "t", "partition": "4"}) is None
    metrics.lag(4, 3)
    assert _value(metrics, "llm_memory_graph_kafka_lag_messages", {"partition": "4"}) == 3


def test_a_value_that_is_shown_no_more_makes_room_for_another() -> None:
    metrics = Metrics()
    for number in range(MAX_VALUES + 1):
        metrics.dead_letters_waiting("t", f"code.{number}", number, 1.0)
        metrics.dead_letters_gone("t", f"code.{number - 1}")

    name, last = "llm_memory_graph_dead_letters_waiting", {"topic": "t", "code": f"code.{MAX_VALUES}"}
    assert _value(metrics, name, last) == MAX_VALUES
    assert _value(metrics, name, {"topic": "t", "code": f"code.{MAX_VALUES - 1}"}) is None


def test_a_worker_that_mirrors_nothing_shows_no_age_of_what_it_mirrors() -> None:
    page, _ = Metrics().exposition()

    assert b"\nllm_memory_graph_registry_sync_lag_seconds" not in page
    assert b"\nllm_memory_graph_models_synchronized_count" not in page


def test_two_processes_worth_of_metrics_live_side_by_side() -> None:
    one, other = Metrics(), Metrics()
    one.rebalanced("telemetry")

    assert _value(other, "llm_memory_graph_rebalances_total", {"worker": "telemetry"}) is None


def test_the_page_comes_in_open_metrics_where_asked_for() -> None:
    metrics = Metrics()
    _feed_everything(metrics)

    page, content_type = metrics.exposition("application/openmetrics-text; version=1.0.0")

    assert content_type.startswith("application/openmetrics-text")
    assert page.endswith(b"# EOF\n")


def test_a_declared_metric_of_each_kind_records_its_measurements() -> None:
    sums, states = counter("sums_total", "Sums.", "kind"), gauge("states", "States.")
    seconds = histogram("seconds", "Seconds.", "kind")
    metrics = Metrics([sums, states, seconds])
    for measurement in (
        Measurement(sums, 2, ("a",)),
        Measurement(sums, 3, ("a",)),
        Measurement(states, 7),
        Measurement(seconds, 0.5, ("a",), times=4),
    ):
        metrics.record(measurement)

    assert _value(metrics, "llm_memory_graph_sums_total", {"kind": "a"}) == 5
    assert _value(metrics, "llm_memory_graph_states", {}) == 7
    assert _value(metrics, "llm_memory_graph_seconds_count", {"kind": "a"}) == 4
    with pytest.raises(KeyError):
        metrics.record(Measurement(gauge("another", "Another."), 1))
