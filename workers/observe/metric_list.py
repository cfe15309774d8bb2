"""The metrics of the engine. Those of one worker are declared in its pipeline.

The dashboards and alerts of the users rely on names and labels: they never change.
"""

from workers.core.metric import Kind, MetricSpec, counter, gauge, histogram

RECORDS = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0)
"""Histogram buckets for the number of records in a batch."""

EVENTS_RECEIVED = counter(
    "events_received_total",
    "Records received; event_type is unknown where one cannot be decoded or is not valid.",
    "event_type",
    "source",
)
EVENTS_PROCESSED = counter(
    "events_processed_total", "Finished events; status is success (in the graph) or error.", "event_type", "status"
)
EVENTS_DROPPED = counter("events_dropped_total", "Events dropped by a named policy.", "event_type", "reason")
PROCESSING_DURATION = histogram(
    "event_processing_duration_seconds",
    "From the arrival of a batch's first record until the graph has the batch.",
    "event_type",
)
GRAPH_WRITE_DURATION = histogram(
    "graph_write_duration_seconds",
    "One attempt at a transaction: claim, batch, watermark (a batch without other changes), job.",
    "operation_type",
)
BATCH_STEP_DURATION = histogram(
    "batch_step_duration_seconds",
    "What a batch waits for, from its first record's arrival: gather (its turn, and further records), prepare "
    "(schemas), decode, fold (and states that are read), dead_letters, throttle, writers (a free transaction), graph.",
    "step",
)
BUFFER_UTILIZATION = gauge(
    "buffer_utilization_percent", "Bytes of waiting records, in percent of buffer_mb.", "consumer_id"
)
KAFKA_LAG = gauge("kafka_lag_messages", "Records behind the end of an assigned partition.", "partition")

EVENT_TIME_LAG = gauge(
    "event_time_lag_seconds", "Age of the oldest record that is not in the graph; 0 where all are.", "partition"
)
UNREADY = gauge(
    "unready",
    "1 while the worker is not ready for this reason: a server, fenced, operator (a server refuses us), "
    "dead_letter_limit, new_graph, no_partitions, unreadable (a batch in Kafka is damaged).",
    "reason",
)
RECOVERY = gauge("recovery_seconds", "Time since an assignment of which no record is accepted yet; otherwise 0.")
WAITING = gauge("waiting", "1 while a partition waits for this reason.", "partition", "reason")
DEAD_LETTERS = counter("dead_letters_total", "Records sent to the dead letters.", "stage", "code")
DEAD_LETTERS_WAITING = gauge(
    "dead_letters_waiting",
    "Dead letters that are kept and were not replayed, by the process with partition 0.",
    "topic",
    "code",
)
DEAD_LETTERS_OLDEST_AGE = gauge(
    "dead_letters_oldest_age_seconds", "Time since the oldest of the waiting dead letters failed.", "topic", "code"
)
DEAD_LETTERS_NEAR_RETENTION = gauge(
    "dead_letters_near_retention_ratio",
    "Share of the waiting dead letters that Kafka deletes for their age within 24 h.",
    "topic",
)
BATCH_RECORDS = histogram("batch_records", "Records in a batch.", "worker", buckets=RECORDS)
RETRIES = counter("retries_total", "Repeated attempts, because a server was away or busy.", "worker", "service")
REBALANCES = counter("rebalances_total", "Assignments of partitions received.", "worker")
WATERMARK_OFFSET = gauge(
    "watermark_offset", "Last offset of an assigned partition that is in the graph.", "topic", "partition"
)
STATE_ENTRIES = gauge("state_entries", "States in the memory of the worker: entries of its table.", "worker")
BREAKER_STATE = MetricSpec(
    Kind.GAUGE, "circuit_breaker_state", "0 closed, 1 open, 2 half open: probing.", ("service",)
)  # without our prefix: alerts of users already use this name
BREAKER_OPENINGS = counter("circuit_breaker_openings_total", "Times that a closed breaker has opened.", "service")
STATES_RESTORED = counter("states_restored_total", "States that were read from the graph, not from memory.", "worker")
STATE_READ_DURATION = histogram(
    "state_read_duration_seconds", "Asking the graph for the states that are not in memory.", "worker"
)
PARKED_KEYS = gauge(
    "parked_keys", "Keys of assigned partitions whose records wait behind a dead letter (order: strict).", "topic"
)
PARKED_OLDEST_AGE = gauge(
    "parked_oldest_age_seconds", "How long the first of them has been parked; 0 where none is.", "topic"
)
JOB_STEPS = counter(
    "job_steps_total", "Steps of periodic jobs: done, retried while a server was away, or refused.", "job", "status"
)

TOPOLOGY_INFO = gauge("topology_info", "1 for the version of topology.yaml that counts, by its digest.", "digest")
TOPOLOGY_LOADED = gauge("topology_loaded_timestamp_seconds", "When this version was taken over, in seconds since 1970.")
TOPOLOGY_RELOAD_FAILED = gauge(
    "topology_reload_failed", "1 while the file has faults, so that an earlier version counts."
)

ENGINE_METRICS: tuple[MetricSpec, ...] = (
    EVENTS_RECEIVED,
    EVENTS_PROCESSED,
    EVENTS_DROPPED,
    PROCESSING_DURATION,
    GRAPH_WRITE_DURATION,
    BATCH_STEP_DURATION,
    BUFFER_UTILIZATION,
    KAFKA_LAG,
    EVENT_TIME_LAG,
    UNREADY,
    RECOVERY,
    WAITING,
    DEAD_LETTERS,
    DEAD_LETTERS_WAITING,
    DEAD_LETTERS_OLDEST_AGE,
    DEAD_LETTERS_NEAR_RETENTION,
    BATCH_RECORDS,
    RETRIES,
    REBALANCES,
    WATERMARK_OFFSET,
    STATE_ENTRIES,
    STATES_RESTORED,
    STATE_READ_DURATION,
    PARKED_KEYS,
    PARKED_OLDEST_AGE,
    JOB_STEPS,
    BREAKER_STATE,
    BREAKER_OPENINGS,
    TOPOLOGY_INFO,
    TOPOLOGY_LOADED,
    TOPOLOGY_RELOAD_FAILED,
)
