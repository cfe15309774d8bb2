"""The metrics and log lines of a batch: counted once for each event type, never once for each event."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import structlog

from workers.core.metric import Measurement
from workers.core.report import BatchReport, LogLine, Skipped
from workers.core.worker import WorkerSpec
from workers.engine.batch.decode import DecodedBatch
from workers.engine.batch.delivery import Delivered
from workers.engine.sinks import Sinks
from workers.observe.metrics import UNKNOWN, Metrics

log = structlog.get_logger(__name__)


def measure_batch(
    metrics: Metrics, spec: WorkerSpec[Any, Any], batch: DecodedBatch[Any], delivered: Delivered, seconds: float
) -> "Counter[str]":
    """Count a batch's events by event type; return how many were decoded and valid.

    ``seconds`` is from the arrival of its first record until it was stored. What the fold skipped is counted as
    dropped, and is no success.
    """
    event_type_of, rejected = spec.event_type, delivered.rejected
    received = Counter([event_type_of(event) for _, event in batch.events])
    failed: Counter[str] = Counter()
    if rejected:
        failed.update(event_type_of(event) for record, event in batch.events if record.offset in rejected)
    skipped = _count_skipped(metrics, delivered.observations)
    for event_type, count in received.items():
        metrics.received(event_type, spec.source, count)
        metrics.processing(event_type, seconds, count)
        metrics.processed(event_type, "success", count - failed[event_type] - skipped[event_type])
    for event_type, count in failed.items():
        metrics.processed(event_type, "error", count)
    _measure_unparsed(metrics, spec.source, batch)
    metrics.batch(spec.name, len(batch))
    return received


def _count_skipped(metrics: Metrics, observations: Iterable[Any]) -> "Counter[str]":
    skipped = [each for each in observations if isinstance(each, Skipped)]
    for each in skipped:
        metrics.dropped(each.event_type, each.reason)
        log.debug("event skipped", subject=each.subject, event_type=each.event_type, reason=each.reason)
    return Counter(each.event_type for each in skipped)


def _measure_unparsed(metrics: Metrics, source: str, batch: DecodedBatch[Any]) -> None:
    if batch.rejected:
        metrics.received(UNKNOWN, source, len(batch.rejected))
        metrics.processed(UNKNOWN, "error", len(batch.rejected))
    dropped = Counter((each.policy.event_type, each.policy.reason) for each in batch.dropped)
    for (event_type, reason), count in dropped.items():
        metrics.received(event_type, source, count)
        metrics.dropped(event_type, reason, count)


def report_batch(spec: WorkerSpec[Any, Any], received: "Counter[str]", delivered: Delivered, sinks: Sinks) -> None:
    """Record and log what the worker itself reports about a batch that the graph has."""
    if spec.report is None:
        return
    observations = [each for each in delivered.observations if not isinstance(each, Skipped)]
    facts = BatchReport(
        received=received,
        observations=observations,
        dead_letter_codes=delivered.dead_letter_codes,
        plan_seconds=delivered.plan_seconds,
        graph_seconds=delivered.graph_seconds,
        now_ms=sinks.clock.now_ms(),
    )
    for each in spec.report(facts):
        if isinstance(each, Measurement):
            sinks.metrics.record(each)
        else:
            _log(each)


def _log(line: LogLine) -> None:
    getattr(log, line.level)(line.event, **line.fields)
