"""Aggregates that the sender computes: figures per model, for five-minute windows and for days."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from workers.dev.sample.records import ids
from workers.dev.sample.records.sampled import INVOCATION, METRICS, SOURCE, Sampled

FIVE_MINUTES_MS = 5 * 60_000
DAY_MS = 24 * 60 * 60_000


class Window:
    """The calls that ended in the current window, by provider and model."""

    def __init__(self, event_type: str, length_ms: int) -> None:
        self._event_type = event_type
        self._length_ms = length_ms
        self._start = 0
        self._ended: dict[tuple[str, str], list[tuple[float, bool]]] = {}

    def is_over(self, timestamp: int) -> bool:
        """Whether the window has calls and ended before ``timestamp``."""
        return bool(self._ended) and timestamp >= self._start + self._length_ms

    def add(self, fields: Any) -> None:
        """Count a call by its last record."""
        if not self._ended:
            self._start = fields["timestamp"] - fields["timestamp"] % self._length_ms
        latencies = self._ended.setdefault((fields["provider"], fields["model_id"]), [])
        latencies.append((fields["latency_ms"], fields["status"] != "SUCCESS"))

    def close(self, random: Random, timestamp: int) -> Iterator[Sampled]:
        """Yield one record per model, made at ``timestamp``, then clear the window."""
        for (provider, model_id), ended in sorted(self._ended.items()):
            latencies = sorted(latency for latency, _ in ended)
            fields = {
                "event_id": ids.event_id(random),
                "event_type": self._event_type,
                "timestamp": timestamp,
                "model_id": model_id,
                "provider": provider,
                "trace_id": None,
                "span_id": None,
                "metadata": {"source": SOURCE},
                "window_start": self._start,
                "window_end": self._start + self._length_ms,
                "total_invocations": len(ended),
                "avg_latency_ms": round(sum(latencies) / len(latencies), 3),
                "p95_latency_ms": latencies[(len(latencies) * 95 - 1) // 100],
                "error_rate": sum(failed for _, failed in ended) / len(ended),
            }
            yield Sampled(METRICS, fields, model_id)
        self._ended.clear()


def with_aggregates(random: Random, records: Iterable[Sampled]) -> Iterator[Sampled]:
    """Yield the records, with each window's figures after its end.

    The records are in the order of event time. At the end, unfinished windows get the time of the last record.
    """
    windows = (
        Window("llm.metrics.aggregated", FIVE_MINUTES_MS),
        Window("llm.performance.daily_summary", DAY_MS),
    )
    timestamp = 0
    for record in records:
        timestamp = record.fields["timestamp"]
        for window in windows:
            if window.is_over(timestamp):
                yield from window.close(random, timestamp)
        yield record
        if record.record_name == INVOCATION and record.fields["event_type"] != "llm.invocation.start":
            for window in windows:
                window.add(record.fields)
    for window in windows:
        yield from window.close(random, timestamp)
