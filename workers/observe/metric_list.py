"""Every metric there is, in one typed list; the README's and the dashboards' source of names.

Names and labels of the source document (sections 1.6 and 2.8) are kept to the letter; the rest are our own.
"""

from enum import StrEnum
from typing import NamedTuple

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds for durations: from one small transaction to the wait for a database that restarts."""

RECORDS = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0)
"""Upper bounds for the size of a batch."""


class Kind(StrEnum):
    """Prometheus's types of metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class MetricSpec(NamedTuple):
    """One metric: its full name (a counter's ends in ``_total``), help text, labels, and buckets of a histogram."""

    kind: Kind
    name: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()


def _counter(name: str, text: str, *labels: str) -> MetricSpec:
    return MetricSpec(Kind.COUNTER, f"llm_memory_graph_{name}", text, labels)


def _gauge(name: str, text: str, *labels: str) -> MetricSpec:
    return MetricSpec(Kind.GAUGE, f"llm_memory_graph_{name}", text, labels)


def _histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> MetricSpec:
    return MetricSpec(Kind.HISTOGRAM, f"llm_memory_graph_{name}", text, labels, buckets)


# Of the source document.
EVENTS_RECEIVED = _counter(
    "events_received_total", "Records taken in and decoded; type unknown if undecodable.", "event_type", "source"
)
EVENTS_PROCESSED = _counter(
    "events_processed_total", "Events done with; status success (in the graph) or error.", "event_type", "status"
)
EVENTS_DROPPED = _counter("events_dropped_total", "Events dropped by a named policy.", "event_type", "reason")
PROCESSING_DURATION = _histogram(
    "event_processing_duration_seconds", "From intake until the graph has the event.", "event_type"
)
GRAPH_WRITE_DURATION = _histogram("graph_write_duration_seconds", "One graph transaction.", "operation_type")
BUFFER_UTILIZATION = _gauge(
    "buffer_utilization_percent", "Bytes taken in and not yet in the graph, of those allowed.", "consumer_id"
)
KAFKA_LAG = _gauge("kafka_lag_messages", "Records behind the end of an assigned partition.", "partition")

# Our own.
DEAD_LETTERS = _counter("dead_letters_total", "Records sent to the dead letters.", "stage", "code")
BATCH_RECORDS = _histogram("batch_records", "Records a batch; its count is the batches.", "worker", buckets=RECORDS)
RETRIES = _counter("retries_total", "Attempts repeated since a server was away or busy.", "worker", "service")
REBALANCES = _counter("rebalances_total", "Assignments of partitions received.", "worker")
WATERMARK_OFFSET = _gauge(
    "watermark_offset", "Last offset of an assigned partition that the graph reflects.", "topic", "partition"
)
STATE_ENTRIES = _gauge("state_entries", "Entries in the worker's table.", "worker")
BREAKER_STATE = MetricSpec(
    Kind.GAUGE, "circuit_breaker_state", "0 closed, 1 open, 2 half open: probing.", ("service",)
)  # without our prefix: the source document's alert (section 8.2) asks for it under this name
TABLE_WRITE_DURATION = _histogram(
    "table_write_duration_seconds", "One batch's states to the table and its changelog.", "worker"
)
PROCEDURE_STEPS = _counter(
    "procedure_steps_total", "Steps done, retried while a server was away, or refused.", "procedure", "status"
)

# Of the source document's section 2.8.
REGISTRY_EVENTS_RECEIVED = _counter("registry_events_received_total", "Changes of the registry taken in.", "event_type")
REGISTRY_SYNC_SUCCESS = _counter("registry_sync_success_total", "Changes that the graph has.", "sync_type")
REGISTRY_SYNC_FAILURES = _counter("registry_sync_failures_total", "Changes dead-lettered, by code.", "error_type")
REGISTRY_CONFLICTS = _counter(
    "registry_conflicts_total", "Changes that contradicted each other, by what decided.", "conflict_type", "resolution"
)
REGISTRY_SYNC_DURATION = _histogram(
    "registry_sync_duration_seconds", "From a batch's first folding until the graph has it.", "sync_type"
)
REGISTRY_ENRICHMENT_DURATION = _histogram("registry_enrichment_duration_seconds", "Folding and planning one batch.")
REGISTRY_SYNC_LAG = _gauge("registry_sync_lag_seconds", "Age at its source of the newest change that the graph has.")
MODELS_SYNCHRONIZED = _gauge("models_synchronized_count", "Models that this process mirrors, deleted ones included.")

# Of section 2.6, which names none.
SCHEMA_MIGRATIONS = _counter(
    "schema_migrations_total", "Migrations of schemas that have come to a state.", "change_class", "state"
)
SCHEMA_MIGRATIONS_AWAITING = _gauge("schema_migrations_awaiting_approval", "Breaking changes that wait for approval.")

METRICS: tuple[MetricSpec, ...] = (
    EVENTS_RECEIVED,
    EVENTS_PROCESSED,
    EVENTS_DROPPED,
    PROCESSING_DURATION,
    GRAPH_WRITE_DURATION,
    BUFFER_UTILIZATION,
    KAFKA_LAG,
    DEAD_LETTERS,
    BATCH_RECORDS,
    RETRIES,
    REBALANCES,
    WATERMARK_OFFSET,
    STATE_ENTRIES,
    TABLE_WRITE_DURATION,
    PROCEDURE_STEPS,
    BREAKER_STATE,
    REGISTRY_EVENTS_RECEIVED,
    REGISTRY_SYNC_SUCCESS,
    REGISTRY_SYNC_FAILURES,
    REGISTRY_CONFLICTS,
    REGISTRY_SYNC_DURATION,
    REGISTRY_ENRICHMENT_DURATION,
    REGISTRY_SYNC_LAG,
    MODELS_SYNCHRONIZED,
    SCHEMA_MIGRATIONS,
    SCHEMA_MIGRATIONS_AWAITING,
)
