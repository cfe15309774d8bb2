"""The metrics of one process. Every method is called at most once a batch, with counts, never once an event."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from workers.core.clock import Clock
from workers.core.metric import Kind, Measurement, MetricSpec
from workers.observe import metric_list as listed
from workers.observe.series import Buckets, HistogramCollector, Series

UNKNOWN = "unknown"
"""The ``event_type`` of a record that could not be decoded."""


class Metrics:
    """The engine's metrics and those that a worker declares, on a registry of their own.

    Label values that come from data are bounded: see ``series``. Durations are seconds.
    """

    def __init__(self, declared: Iterable[MetricSpec] = ()) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._received = counter(listed.EVENTS_RECEIVED, self.registry)
        self._processed = counter(listed.EVENTS_PROCESSED, self.registry)
        self._dropped = counter(listed.EVENTS_DROPPED, self.registry)
        self._processing = histogram(listed.PROCESSING_DURATION, self.registry)
        self._graph_write = histogram(listed.GRAPH_WRITE_DURATION, self.registry)
        self._step = histogram(listed.BATCH_STEP_DURATION, self.registry)
        self._buffer = gauge(listed.BUFFER_UTILIZATION, self.registry)
        self._lag = gauge(listed.KAFKA_LAG, self.registry)
        self._event_time_lag = gauge(listed.EVENT_TIME_LAG, self.registry)
        self._unready = gauge(listed.UNREADY, self.registry)
        self._recovery = gauge(listed.RECOVERY, self.registry)
        self._waiting = gauge(listed.WAITING, self.registry)
        self._dead_letters = counter(listed.DEAD_LETTERS, self.registry)
        self._letters_waiting = gauge(listed.DEAD_LETTERS_WAITING, self.registry)
        self._letters_age = gauge(listed.DEAD_LETTERS_OLDEST_AGE, self.registry)
        self._near_retention = gauge(listed.DEAD_LETTERS_NEAR_RETENTION, self.registry)
        self._batch_records = histogram(listed.BATCH_RECORDS, self.registry)
        self._retries = counter(listed.RETRIES, self.registry)
        self._rebalances = counter(listed.REBALANCES, self.registry)
        self._watermark = gauge(listed.WATERMARK_OFFSET, self.registry)
        self._state_entries = gauge(listed.STATE_ENTRIES, self.registry)
        self._states_restored = counter(listed.STATES_RESTORED, self.registry)
        self._state_read = histogram(listed.STATE_READ_DURATION, self.registry)
        self._parked_keys = gauge(listed.PARKED_KEYS, self.registry)
        self._parked_age = gauge(listed.PARKED_OLDEST_AGE, self.registry)
        self._job_steps = counter(listed.JOB_STEPS, self.registry)
        self._breaker = gauge(listed.BREAKER_STATE, self.registry)
        self._openings = counter(listed.BREAKER_OPENINGS, self.registry)
        self._topology = gauge(listed.TOPOLOGY_INFO, self.registry)
        self._topology_loaded = gauge(listed.TOPOLOGY_LOADED, self.registry)
        self._reload_failed = gauge(listed.TOPOLOGY_RELOAD_FAILED, self.registry)
        self._topology_digest = ""
        self._declared = {spec.name: _recorder(spec, self.registry) for spec in declared}

    def record(self, measurement: Measurement) -> None:
        """Record one value of a declared metric. Raises ``KeyError`` for a metric that is not declared: a bug."""
        self._declared[measurement.metric.name](measurement)

    def received(self, event_type: str, source: str, count: int = 1) -> None:
        """Count received records; ``event_type`` is ``UNKNOWN`` where decoding failed."""
        self._received.of(event_type, source).inc(count)

    def processed(self, event_type: str, status: str, count: int = 1) -> None:
        """Count finished events; ``status`` is ``success`` or ``error``, as alert rules expect."""
        self._processed.of(event_type, status).inc(count)

    def dropped(self, event_type: str, reason: str, count: int = 1) -> None:
        """Count events that a named policy drops."""
        self._dropped.of(event_type, reason).inc(count)

    def processing(self, event_type: str, seconds: float, count: int = 1) -> None:
        """Observe ``count`` events of a batch, ``seconds`` after the arrival of its first record, when it is stored."""
        self._processing.of(event_type).observe(seconds, count)

    def graph_write(self, operation_type: str, clock: Clock) -> AbstractContextManager[None]:
        """Measure one attempt at a graph transaction, also one that fails."""
        return _timed(self._graph_write.of(operation_type), clock)

    def step(self, step: str, clock: Clock) -> AbstractContextManager[None]:
        """Measure one step of a batch, also one that fails. A batch that is split takes some steps more than once."""
        return _timed(self._step.of(step), clock)

    def stepped(self, step: str, seconds: float) -> None:
        """Observe how long a step of a batch took."""
        self._step.of(step).observe(seconds)

    def buffer_utilization(self, consumer_id: str, percent: float) -> None:
        """Set how full the buffer of waiting records is, 0 to 100."""
        self._buffer.of(consumer_id).set(percent)

    def lag(self, partition: int, messages: int) -> None:
        """Set how many records of an assigned partition are still to come."""
        self._lag.of(str(partition)).set(messages)

    def event_time_lag(self, partition: int, seconds: float) -> None:
        """Set the age of the oldest record of an assigned partition that is not in the graph."""
        self._event_time_lag.of(str(partition)).set(seconds)

    def unready(self, reason: str, *, unready: bool) -> None:
        """Set or clear one reason for which the worker is not ready."""
        if unready:
            self._unready.of(reason).set(1)
        else:
            self._unready.forget(reason)

    def recovery(self, seconds: float) -> None:
        """Set for how long an assignment has waited for its first accepted record."""
        self._recovery.of().set(seconds)

    def waiting(self, partition: int, reason: str, *, waits: bool) -> None:
        """Set or clear one reason for which a partition waits."""
        if waits:
            self._waiting.of(str(partition), reason).set(1)
        else:
            self._waiting.forget(str(partition), reason)

    def watermark(self, topic: str, partition: int, offset: int) -> None:
        """Set the last offset that is in the graph."""
        self._watermark.of(topic, str(partition)).set(offset)

    def revoked(self, topic: str, partition: int) -> None:
        """Stop exposing lag and watermark of a revoked partition."""
        self._lag.forget(str(partition))
        self._event_time_lag.forget(str(partition))
        self._watermark.forget(topic, str(partition))

    def dead_letters(self, stage: str, code: str, count: int = 1) -> None:
        """Count confirmed dead letters."""
        self._dead_letters.of(stage, code).inc(count)

    def dead_letters_waiting(self, topic: str, code: str, letters: int, oldest_age_seconds: float) -> None:
        """Set how many dead letters of a code wait in a dead-letter topic, and the age of the oldest."""
        self._letters_waiting.of(topic, code).set(letters)
        self._letters_age.of(topic, code).set(oldest_age_seconds)

    def dead_letters_gone(self, topic: str, code: str) -> None:
        """Stop exposing a code of which no dead letter waits."""
        self._letters_waiting.forget(topic, code)
        self._letters_age.forget(topic, code)

    def dead_letters_near_retention(self, topic: str, ratio: float | None) -> None:
        """Set the share of the waiting dead letters that are deleted soon; ``None`` where nobody knows it."""
        if ratio is None:
            self._near_retention.forget(topic)
        else:
            self._near_retention.of(topic).set(ratio)

    def batch(self, worker: str, records: int) -> None:
        """Observe one batch that the graph has committed."""
        self._batch_records.of(worker).observe(records)

    def retry(self, worker: str, service: str) -> None:
        """Count one repeated attempt at ``neo4j``, ``schema-registry`` or ``kafka``."""
        self._retries.of(worker, service).inc()

    def rebalanced(self, worker: str) -> None:
        """Count one assignment of partitions."""
        self._rebalances.of(worker).inc()

    def state_entries(self, worker: str, entries: int) -> None:
        """Set the size of the worker's table."""
        self._state_entries.of(worker).set(entries)

    def states_read(self, worker: str, restored: int, seconds: float) -> None:
        """Record one reading of states from the graph; ``restored`` of them were found."""
        self._states_restored.of(worker).inc(restored)
        self._state_read.of(worker).observe(seconds)

    def parked(self, topic: str, keys: int, oldest_age_seconds: float) -> None:
        """Set how many keys are parked, and how long the first of them has been."""
        self._parked_keys.of(topic).set(keys)
        self._parked_age.of(topic).set(oldest_age_seconds)

    def job_step(self, job: str, status: str) -> None:
        """Count one step of a periodic job; ``status`` is ``done``, ``retried`` or ``refused``."""
        self._job_steps.of(job, status).inc()

    def breaker(self, service: str, state: int) -> None:
        """Set whether attempts on ``service`` pass: 0 closed, 1 open, 2 half open."""
        self._breaker.of(service).set(state)

    def breaker_openings(self, service: str, count: int = 1) -> None:
        """Count the openings of a closed breaker; 0 only exposes the counter."""
        self._openings.of(service).inc(count)

    def topology(self, digest: str, loaded_at: float) -> None:
        """Set which version of the topology counts, since ``loaded_at`` (seconds since 1970)."""
        self._topology.forget(self._topology_digest)
        self._topology.of(digest).set(1)
        self._topology_digest = digest
        self._topology_loaded.of().set(loaded_at)
        self.topology_refused(refused=False)

    def topology_refused(self, *, refused: bool) -> None:
        """Set whether the file has faults."""
        self._reload_failed.of().set(float(refused))

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return the page for Prometheus and its content type, in the format that ``accept`` asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


def counter(spec: MetricSpec, registry: CollectorRegistry) -> Series[Counter]:
    """Register a counter."""
    return Series(spec, Counter(spec.name, spec.help, spec.labels, registry=registry).labels)


def gauge(spec: MetricSpec, registry: CollectorRegistry) -> Series[Gauge]:
    """Register a gauge; one without labels only when it is first set, because it would expose 0 before."""
    if not spec.labels:
        return Series(spec, lambda: Gauge(spec.name, spec.help, registry=registry))
    metric = Gauge(spec.name, spec.help, spec.labels, registry=registry)
    return Series(spec, metric.labels, metric.remove)


@contextmanager
def _timed(durations: Buckets, clock: Clock) -> Iterator[None]:
    started = clock.monotonic()
    try:
        yield
    finally:
        durations.observe(clock.monotonic() - started)


def histogram(spec: MetricSpec, registry: CollectorRegistry) -> Series[Buckets]:
    """Register a histogram."""
    return Series(spec, HistogramCollector(spec, registry).labels)


def _recorder(spec: MetricSpec, registry: CollectorRegistry) -> Callable[[Measurement], None]:
    """Register a declared metric; return the function that records its measurements."""
    if spec.kind is Kind.COUNTER:
        counted = counter(spec, registry)
        return lambda measured: counted.of(*measured.labels).inc(measured.value)
    if spec.kind is Kind.GAUGE:
        shown = gauge(spec, registry)
        return lambda measured: shown.of(*measured.labels).set(measured.value)
    observed = histogram(spec, registry)
    return lambda measured: observed.of(*measured.labels).observe(measured.value, measured.times)
