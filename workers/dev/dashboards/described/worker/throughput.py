"""What goes through the worker."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.described.worker.scope import PARTITIONS, PODS
from workers.dev.dashboards.frame import Frame, Query
from workers.dev.dashboards.panels import time_series
from workers.dev.dashboards.queries import total
from workers.observe import metric_list as metrics


def throughput() -> list[Panel]:
    """Return events, batches, what was dropped, and the progress of the partitions."""
    return [_received(), _finished(), _dropped(), _batches(), _batch_size(), _progress()]


def _received() -> Panel:
    return time_series(
        Frame(
            "Received, by event type",
            units.EventsPerSecond,
            "Records read from Kafka. `unknown` could not be decoded, or is not valid.",
            "the mixture of your producers, without `unknown`.",
            "much `unknown`: a producer sends another format. `memory-graph dlq list` says which.",
        ),
        Query(total(PODS.per_second(metrics.EVENTS_RECEIVED), "event_type"), "{{event_type}}"),
        stacked=True,
    )


def _finished() -> Panel:
    return time_series(
        Frame(
            "Finished, by status",
            units.EventsPerSecond,
            "`success` is in the graph, `error` became a dead letter.",
            "all `success`.",
            "`error` grows: see the codes in the dashboard of dead letters.",
        ),
        Query(total(PODS.per_second(metrics.EVENTS_PROCESSED), "status"), "{{status}}"),
        stacked=True,
    )


def _dropped() -> Panel:
    return time_series(
        Frame(
            "Dropped in ten minutes, by reason",
            units.Short,
            "Events that a named policy leaves out. They are no errors.",
            "`redelivered` after a restart; of change topics also `tombstone`. Telemetry drops none.",
            "`workers/ops/README.md` lists the reasons. `stale_clock`: two writers without order upstream.",
            empty="none",
        ),
        Query(PODS.counted(metrics.EVENTS_DROPPED, "reason"), "{{reason}}"),
        stacked=True,
    )


def _batches() -> Panel:
    return time_series(
        Frame(
            "Batches",
            units.CountsPerSecond,
            "Batches that the graph has, by process.",
            "more with the load, until batches grow instead.",
            "0 with lag: see the waits below.",
        ),
        Query(total(PODS.per_second(metrics.BATCH_RECORDS, suffix="_count"), "pod"), "{{pod}}"),
    )


def _batch_size() -> Panel:
    return time_series(
        Frame(
            "Records in a batch",
            units.Short,
            "Mean, and the size that 95 % of the batches do not exceed.",
            "a few when idle, `batch.max_rows` while it catches up.",
            "always `batch.max_rows` with lag: Neo4j or the process is the limit; see the latency of writes.",
            empty="no batches",
        ),
        Query(PODS.mean(metrics.BATCH_RECORDS), "mean"),
        Query(PODS.quantile(0.95, metrics.BATCH_RECORDS), "95 %"),
    )


def _progress() -> Panel:
    return time_series(
        Frame(
            "Progress of the partitions",
            units.CountsPerSecond,
            "Offsets that came into the graph, by partition.",
            "lines of similar height: keys are spread over all partitions.",
            "one at 0 with lag hangs: see its waits. One far above the others: a single key has most of the records.",
        ),
        Query(f"deriv({PARTITIONS.of(metrics.WATERMARK_OFFSET)}[$__rate_interval])", "{{partition}}"),
    )
