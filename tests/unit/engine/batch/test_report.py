from typing import Any

import pytest
from structlog.testing import capture_logs

from workers.core.observation import Advanced, Conflict, Observation, Skipped, Synced
from workers.engine.batch.report import report
from workers.observe.metrics import Metrics

NOW = 1_700_000_010_000


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: Any) -> float | None:
    return metrics.registry.get_sample_value(f"llm_memory_graph_{name}", labels)


def told(metrics: Metrics, *observed: Observation) -> list[Any]:
    with capture_logs() as lines:
        report(observed, metrics, seconds=0.2, now_ms=NOW)
    return [line for line in lines if line["log_level"] == "warning"]


def test_changes_count_by_what_they_were_of_and_the_newest_tells_the_lag(metrics: Metrics) -> None:
    assert (
        told(metrics, Synced("model", NOW - 9_000), Synced("model", NOW - 1_500), Synced("schema", NOW - 4_000)) == []
    )
    assert value(metrics, "registry_sync_success_total", sync_type="model") == 2
    assert value(metrics, "registry_sync_duration_seconds_count", sync_type="schema") == 1
    assert value(metrics, "registry_sync_lag_seconds") == 1.5


def test_a_source_whose_clock_is_ahead_has_no_lag(metrics: Metrics) -> None:
    told(metrics, Synced("model", NOW + 5_000))
    assert value(metrics, "registry_sync_lag_seconds") == 0


def test_what_a_policy_left_out_is_a_drop_and_no_success(metrics: Metrics) -> None:
    told(metrics, Skipped("model.updated", "stale_clock", "gpt"), Skipped("model.updated", "stale_clock", "gpt"))
    assert value(metrics, "events_dropped_total", event_type="model.updated", reason="stale_clock") == 2
    assert value(metrics, "registry_sync_success_total", sync_type="model") is None
    assert value(metrics, "registry_sync_lag_seconds") is None


def test_a_conflict_is_counted_and_explained(metrics: Metrics) -> None:
    (line,) = told(metrics, Conflict("concurrent_model_update", "last_write_wins_with_timestamp", "gpt", "b was later"))
    labels = {"conflict_type": "concurrent_model_update", "resolution": "last_write_wins_with_timestamp"}
    assert value(metrics, "registry_conflicts_total", **labels) == 1
    assert (line["event"], line["subject"], line["explanation"]) == ("conflict", "gpt", "b was later")


def test_a_migration_is_counted_and_explained(metrics: Metrics) -> None:
    with capture_logs() as lines:
        report([Advanced("breaking", "REJECTED", "tool@2#abc", "ada: too early")], metrics, 0.1, NOW)
    assert value(metrics, "schema_migrations_total", change_class="breaking", state="REJECTED") == 1
    assert [(line["event"], line["migration"], line["explanation"]) for line in lines] == [
        ("schema migration", "tool@2#abc", "ada: too early")
    ]
