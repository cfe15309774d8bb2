"""The series of one metric: found by one dict lookup, and bounded in number.

``prometheus_client`` finds a child by ``labels()`` under a lock and observes a histogram one value at a
time; a batch needs neither.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

from workers.core.metric import MetricSpec

SeriesT = TypeVar("SeriesT")

OTHER = "other"
"""The label value for all values of an unexpected form, and for those beyond ``MAX_VALUES``."""

MAX_VALUES = 64
"""Distinct values of one label: data must not make a scrape grow without limit."""

FREE_LABELS = frozenset({"partition", "topic", "consumer_id", "worker"})
"""Labels whose values come from the deployment and not from data: they need no limit."""

ORDINARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


class Series(Generic[SeriesT]):
    """The series of one metric by their label values; ``make`` creates one, ``drop`` removes one."""

    def __init__(self, spec: MetricSpec, make: Callable[..., SeriesT], drop: Callable[..., None] | None = None) -> None:
        self._spec = spec
        self._make = make
        self._drop = drop
        self._known: dict[tuple[str, ...], SeriesT] = {}
        self._values: dict[str, set[str]] = {label: set() for label in spec.labels if label not in FREE_LABELS}

    def of(self, *values: str) -> SeriesT:
        """Return the series with these label values, in the order of the metric's labels."""
        found = self._known.get(values)
        return self._of_new(values) if found is None else found

    def forget(self, *values: str) -> None:
        """Stop exposing a series, such as that of a revoked partition. A value that no other series has is free."""
        if self._known.pop(values, None) is None or self._drop is None:
            return
        self._drop(*values)
        for at, label in enumerate(self._spec.labels):
            if label in self._values and not any(known[at] == values[at] for known in self._known):
                self._values[label].discard(values[at])

    def _of_new(self, values: tuple[str, ...]) -> SeriesT:
        bounded = tuple(map(self._bounded, self._spec.labels, values))
        if bounded not in self._known:
            self._known[bounded] = self._make(*bounded)
        return self._known[bounded]

    def _bounded(self, label: str, value: str) -> str:
        if label in FREE_LABELS:
            return value
        seen = self._values[label]
        if value in seen:
            return value
        if len(seen) >= MAX_VALUES or not ORDINARY.fullmatch(value):
            return OTHER
        seen.add(value)
        return value


class Buckets:
    """One histogram series. ``observe`` takes many equal values at once: a batch's events share a duration."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float, count: int = 1) -> None:
        """Count ``count`` observations of ``value``."""
        self._counts[bisect_left(self._bounds, value)] += count
        self._sum += value * count

    def cumulated(self) -> tuple[list[tuple[str, float]], float]:
        """Return (upper bound, observations up to it) for every bound and +Inf, and the sum of all values."""
        rows, total = [], 0
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            total += count
            rows.append((floatToGoString(bound), float(total)))  # type: ignore[no-untyped-call]  # untyped there
        return rows, self._sum


class HistogramCollector:
    """A histogram metric as a Prometheus collector, over series that can observe many values at once."""

    def __init__(self, spec: MetricSpec, registry: CollectorRegistry) -> None:
        self._spec = spec
        self._series: dict[tuple[str, ...], Buckets] = {}
        registry.register(self)

    def labels(self, *values: str) -> Buckets:
        return self._series.setdefault(values, Buckets(self._spec.buckets))

    def describe(self) -> Iterable[Metric]:
        yield HistogramMetricFamily(self._spec.name, self._spec.help, labels=self._spec.labels)

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(self._spec.name, self._spec.help, labels=self._spec.labels)
        for values, series in list(self._series.items()):
            rows, total = series.cumulated()
            family.add_metric(values, rows, total)
        yield family
