"""The registry worker's metrics, and how they report a batch."""

from collections import Counter
from collections.abc import Iterator

from workers.core.metric import Measurement, counter, gauge, histogram
from workers.core.report import BatchReport, LogLine
from workers.pipelines.registry.fold.state import Conflict, Synced

EVENTS_RECEIVED = counter("registry_events_received_total", "Changes of the registry that were received.", "event_type")
SYNC_SUCCESS = counter("registry_sync_success_total", "Changes that the graph has.", "sync_type")
SYNC_FAILURES = counter("registry_sync_failures_total", "Changes that became dead letters, by code.", "error_type")
CONFLICTS = counter(
    "registry_conflicts_total", "Changes that conflict, and the rule that decided.", "conflict_type", "resolution"
)
SYNC_DURATION = histogram(
    "registry_sync_duration_seconds", "From the first folding of a batch until the graph has it.", "sync_type"
)
ENRICHMENT_DURATION = histogram("registry_enrichment_duration_seconds", "Folding and planning of one batch.")
SYNC_LAG = gauge("registry_sync_lag_seconds", "Age at its source of the newest change that the graph has.")
MODELS = gauge(
    "models_synchronized_count",
    "Models of the registry that the graph has, deleted ones included, by the process with partition 0.",
)
CAPTURE_RUNNING = gauge(
    "registry_change_capture_running",
    "1 while the connector at KAFKA_CONNECT_URL and its tasks run, otherwise 0, by the process with partition 0.",
)
CAPTURE_BEHIND = gauge(
    "registry_change_capture_behind_seconds",
    "How long PostgreSQL's log at REGISTRY_DATABASE_URL has had something that the connector has not confirmed, by the "
    "process with partition 0.",
)
CAPTURE_BEHIND_BYTES = gauge(
    "registry_change_capture_behind_bytes",
    "Bytes of PostgreSQL's log that the connector has not confirmed, by the process with partition 0.",
)

METRICS = (
    EVENTS_RECEIVED,
    SYNC_SUCCESS,
    SYNC_FAILURES,
    CONFLICTS,
    SYNC_DURATION,
    ENRICHMENT_DURATION,
    SYNC_LAG,
    MODELS,
    CAPTURE_RUNNING,
    CAPTURE_BEHIND,
    CAPTURE_BEHIND_BYTES,
)


def report(batch: BatchReport) -> Iterator[Measurement | LogLine]:
    """Return the measurements and the log lines of a batch that the graph has."""
    for event_type, count in batch.received.items():
        yield Measurement(EVENTS_RECEIVED, count, (event_type,))
    for code in batch.dead_letter_codes:
        yield Measurement(SYNC_FAILURES, 1, (code,))
    yield Measurement(ENRICHMENT_DURATION, batch.plan_seconds)
    yield from _report_synced(batch)
    for each in batch.observations:
        if isinstance(each, Conflict):
            yield Measurement(CONFLICTS, 1, (each.conflict_type, each.resolution))
            yield LogLine("warning", "conflict", each._asdict())


def _report_synced(batch: BatchReport) -> Iterator[Measurement]:
    synced = [each for each in batch.observations if isinstance(each, Synced)]
    for sync_type, count in Counter(each.sync_type for each in synced).items():
        yield Measurement(SYNC_SUCCESS, count, (sync_type,))
        yield Measurement(SYNC_DURATION, batch.graph_seconds, (sync_type,), times=count)
    if synced:
        newest = max(each.changed_at for each in synced)
        yield Measurement(SYNC_LAG, max(0, batch.now_ms - newest) / 1000)
