"""The metrics of one process. Every method is called once a batch (or rarer), with counts, never once an event."""

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from workers.observe import metric_list as listed
from workers.observe.families import counter, gauge, histogram
from workers.observe.sync_metrics import SyncMetrics

UNKNOWN = "unknown"
"""The ``event_type`` of a record that could not be decoded so far as to have one."""


class Metrics:
    """All metrics of ``metric_list`` on a registry of their own, so that each test has fresh ones.

    Label values that come from data are bounded: see ``series``. Durations are seconds.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._received = counter(listed.EVENTS_RECEIVED, self.registry)
        self._processed = counter(listed.EVENTS_PROCESSED, self.registry)
        self._dropped = counter(listed.EVENTS_DROPPED, self.registry)
        self._processing = histogram(listed.PROCESSING_DURATION, self.registry)
        self._graph_write = histogram(listed.GRAPH_WRITE_DURATION, self.registry)
        self._buffer = gauge(listed.BUFFER_UTILIZATION, self.registry)
        self._lag = gauge(listed.KAFKA_LAG, self.registry)
        self._dead_letters = counter(listed.DEAD_LETTERS, self.registry)
        self._batch_records = histogram(listed.BATCH_RECORDS, self.registry)
        self._retries = counter(listed.RETRIES, self.registry)
        self._rebalances = counter(listed.REBALANCES, self.registry)
        self._watermark = gauge(listed.WATERMARK_OFFSET, self.registry)
        self._state_entries = gauge(listed.STATE_ENTRIES, self.registry)
        self._table_write = histogram(listed.TABLE_WRITE_DURATION, self.registry)
        self._procedure_steps = counter(listed.PROCEDURE_STEPS, self.registry)
        self._breaker = gauge(listed.BREAKER_STATE, self.registry)
        self.sync = SyncMetrics(self.registry)

    def received(self, event_type: str, source: str, count: int = 1) -> None:
        """Count records taken in; ``event_type`` is ``UNKNOWN`` where decoding failed."""
        self._received.of(event_type, source).inc(count)

    def processed(self, event_type: str, status: str, count: int = 1) -> None:
        """Count events done with; ``status`` is ``success`` or ``error``, as alert rules expect."""
        self._processed.of(event_type, status).inc(count)

    def dropped(self, event_type: str, reason: str, count: int = 1) -> None:
        """Count events that a named policy drops."""
        self._dropped.of(event_type, reason).inc(count)

    def processing(self, event_type: str, seconds: float, count: int = 1) -> None:
        """Observe ``count`` events that took ``seconds`` from intake until the graph had them."""
        self._processing.of(event_type).observe(seconds, count)

    def graph_write(self, operation_type: str, seconds: float) -> None:
        """Observe one graph transaction."""
        self._graph_write.of(operation_type).observe(seconds)

    def buffer_utilization(self, consumer_id: str, percent: float) -> None:
        """Set how full the intake buffer is, 0 to 100."""
        self._buffer.of(consumer_id).set(percent)

    def lag(self, partition: int, messages: int) -> None:
        """Set how many records of an assigned partition are still to come."""
        self._lag.of(str(partition)).set(messages)

    def watermark(self, topic: str, partition: int, offset: int) -> None:
        """Set the last offset that the graph reflects."""
        self._watermark.of(topic, str(partition)).set(offset)

    def revoked(self, topic: str, partition: int) -> None:
        """Stop exposing lag and watermark of a partition that is another worker's now."""
        self._lag.forget(str(partition))
        self._watermark.forget(topic, str(partition))

    def dead_letters(self, stage: str, code: str, count: int = 1) -> None:
        """Count confirmed dead letters."""
        self._dead_letters.of(stage, code).inc(count)

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

    def table_write(self, worker: str, seconds: float) -> None:
        """Observe the writing of one batch's states."""
        self._table_write.of(worker).observe(seconds)

    def procedure_step(self, procedure: str, status: str) -> None:
        """Count one step that no record triggered; ``status`` is ``done``, ``retried`` or ``refused``."""
        self._procedure_steps.of(procedure, status).inc()

    def breaker(self, service: str, state: int) -> None:
        """Set whether attempts on ``service`` pass: 0 closed, 1 open, 2 half open."""
        self._breaker.of(service).set(state)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return the page for Prometheus and its content type, in the format that ``accept`` asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type
