"""What a batch adds to the metrics: counted per event type once a batch, never per event."""

from collections import Counter
from typing import Any

from workers.core.worker import WorkerSpec
from workers.engine.batch.decode import DecodedBatch
from workers.engine.batch.delivered import Delivered
from workers.observe.metrics import UNKNOWN, Metrics


def measure_batch(
    metrics: Metrics, spec: WorkerSpec[Any, Any], decoded: DecodedBatch[Any], delivered: Delivered, seconds: float
) -> None:
    """Count a batch's events by type.

    ``delivered`` tells of those that did not get into the graph; what the fold left out has been counted as dropped
    by then, and is no success beside. ``seconds`` is from the batch's intake until it was stored.
    """
    event_type_of = spec.event_type
    received = Counter([event_type_of(event) for _, event in decoded.events])
    failed: Counter[str] = Counter()
    if delivered.turned_away:
        turned_away = delivered.turned_away
        failed.update(event_type_of(event) for record, event in decoded.events if record.offset in turned_away)
    for event_type, count in received.items():
        metrics.received(event_type, spec.source, count)
        if spec.change_events:
            metrics.sync.received(event_type, count)
        metrics.processing(event_type, seconds, count)
        metrics.processed(event_type, "success", count - failed[event_type] - delivered.left_out[event_type])
    for event_type, count in failed.items():
        metrics.processed(event_type, "error", count)
    rejected = len(decoded.rejected)
    if rejected:
        metrics.received(UNKNOWN, spec.source, rejected)
        metrics.processed(UNKNOWN, "error", rejected)
    for (event_type, reason), count in _policies(decoded).items():
        metrics.received(event_type, spec.source, count)
        metrics.dropped(event_type, reason, count)
    metrics.batch(spec.name, received.total() + rejected + len(decoded.dropped))


def _policies(decoded: DecodedBatch[Any]) -> "Counter[tuple[str, str]]":
    return Counter((policy.event_type, policy.reason) for _, policy in decoded.dropped)
