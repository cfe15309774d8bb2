"""How long an event and a write take."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.core.metric import MetricSpec
from workers.dev.dashboards.described.worker.scope import PODS
from workers.dev.dashboards.frame import NO_LIMITS, Frame, Limits, Query
from workers.dev.dashboards.panels import heat_map, time_series
from workers.dev.dashboards.queries import total
from workers.observe import metric_list as metrics

QUANTILES = ((0.5, "50 %"), (0.95, "95 %"), (0.99, "99 %"))


def latency() -> list[Panel]:
    """Return the way of an event, its steps, the writes to Neo4j, and the reading of states."""
    return [_events(), _events_spread(), _steps(), _writes(), _writes_spread(), _operations(), _state_reads()]


def _events() -> Panel:
    return _quantiles(
        Frame(
            "From arrival to the graph",
            units.Seconds,
            "This share of the events was in the graph sooner than the line, after its batch began to arrive.",
            "99 % under 500 ms.",
            "compare with the writes: if those are fast, records wait for their turn; see waits and buffer.",
            12,
            empty="no events",
        ),
        metrics.PROCESSING_DURATION,
        Limits(0.5, 2),
    )


def _events_spread() -> Panel:
    return _spread(
        Frame(
            "From arrival to the graph: how many events took how long",
            units.Seconds,
            "Each cell: events a second that took about so long. Darker is more.",
            "one dark band, low down.",
            "two bands: a part of the events is slow, such as those whose states are read from the graph.",
            12,
            empty="no events",
        ),
        metrics.PROCESSING_DURATION,
    )


def _steps() -> Panel:
    return time_series(
        Frame(
            "Slowest 5 % of the batches, by step",
            units.Seconds,
            "What the records of a batch wait for, from their arrival until the graph has them.",
            "`graph` is the slowest, then `gather`, which waits up to `batch.max_wait_ms` while few records come.",
            "`gather`: records wait behind the batch before. `writers`: raise `writers`. `throttle`: Neo4j is too slow "
            "for its limits. `prepare`: the schema registry. `dead_letters`: Kafka. `fold`, `decode`: more CPU.",
            24,
            empty="no events",
        ),
        Query(PODS.quantile(0.95, metrics.BATCH_STEP_DURATION, "step"), "{{step}}"),
    )


def _writes() -> Panel:
    return _quantiles(
        Frame(
            "Transactions of Neo4j",
            units.Seconds,
            "This share of the attempts at a transaction was over sooner than the line.",
            "99 % under `throttle.target_commit_ms`, which is 2 s.",
            "help Neo4j: memory, disk, other queries. The throttle has lowered the rate already.",
            12,
            empty="no writes",
        ),
        metrics.GRAPH_WRITE_DURATION,
        Limits(2),
    )


def _writes_spread() -> Panel:
    return _spread(
        Frame(
            "Transactions of Neo4j: how many took how long",
            units.Seconds,
            "Each cell: transactions a second that took about so long.",
            "one band that moves up a little with the load.",
            "single cells at the top are waits for locks, or pauses of Neo4j's memory: see its log.",
            12,
            empty="no writes",
        ),
        metrics.GRAPH_WRITE_DURATION,
    )


def _operations() -> Panel:
    return time_series(
        Frame(
            "Slowest 5 % of the transactions, by kind",
            units.Seconds,
            "`batch` writes records, `claim` takes a partition, `watermark` notes an offset, `job` is a periodic job.",
            "`batch` is the slowest.",
            "`claim` or `watermark` slow: Neo4j answers slowly in general, whatever is written.",
            12,
            empty="no writes",
        ),
        Query(PODS.quantile(0.95, metrics.GRAPH_WRITE_DURATION, "operation_type"), "{{operation_type}}"),
    )


def _state_reads() -> Panel:
    return time_series(
        Frame(
            "Reading states from the graph",
            units.Seconds,
            "How long it takes to ask for states that are not in memory.",
            "some milliseconds. Gaps: none had to be read.",
            "slow: Neo4j does not have the index in its page cache. Often: raise `state.max_entries`.",
            12,
            empty="none",
        ),
        *(Query(PODS.quantile(share, metrics.STATE_READ_DURATION), name) for share, name in QUANTILES),
    )


def _quantiles(frame: Frame, histogram: MetricSpec, limits: Limits = NO_LIMITS) -> Panel:
    return time_series(
        frame, *(Query(PODS.quantile(share, histogram), name) for share, name in QUANTILES), limits=limits
    )


def _spread(frame: Frame, histogram: MetricSpec) -> Panel:
    return heat_map(frame, Query(total(PODS.per_second(histogram, suffix="_bucket"), "le"), "{{le}}"))
