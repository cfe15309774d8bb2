"""What a batch adds to the metrics: counted per event type once a batch, never per event."""

from collections import Counter
from typing import Any

from workers.core.worker import WorkerSpec
from workers.observe.metrics import UNKNOWN, Metrics
from workers.runtime.screen import Screened


def measure_batch(metrics: Metrics, spec: WorkerSpec[Any, Any], screened: Screened[Any], seconds: float) -> None:
    """Count a batch's events by type; ``seconds`` is from its intake until it was stored."""
    types = Counter(spec.event_type(event) for _, event in screened.events)
    for event_type, count in types.items():
        metrics.received(event_type, spec.source, count)
        metrics.processed(event_type, "success", count)
        metrics.processing(event_type, seconds, count)
    rejected = len(screened.rejected)
    if rejected:
        metrics.received(UNKNOWN, spec.source, rejected)
        metrics.processed(UNKNOWN, "error", rejected)
    metrics.batch(spec.name, types.total() + rejected)
