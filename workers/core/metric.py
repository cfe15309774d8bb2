"""Prometheus metrics as plain data, so that a pipeline can declare its own without importing a client library."""

from enum import StrEnum
from typing import NamedTuple

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Histogram buckets for durations: from one small transaction to a wait for a database that restarts."""


class Kind(StrEnum):
    """The types of metric in Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class MetricSpec(NamedTuple):
    """One metric: its full name (a counter's ends in ``_total``), help text, labels, and a histogram's buckets."""

    kind: Kind
    name: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()


class Measurement(NamedTuple):
    """One value of a declared metric, with its label values in the order of the metric's labels.

    ``value`` is added to a counter, set on a gauge, and observed ``times`` times by a histogram.
    """

    metric: MetricSpec
    value: float
    labels: tuple[str, ...] = ()
    times: int = 1


def counter(name: str, text: str, *labels: str) -> MetricSpec:
    """Declare a counter. ``name`` is without the prefix ``llm_memory_graph_`` and ends in ``_total``."""
    return MetricSpec(Kind.COUNTER, f"llm_memory_graph_{name}", text, labels)


def gauge(name: str, text: str, *labels: str) -> MetricSpec:
    """Declare a gauge. ``name`` is without the prefix ``llm_memory_graph_``."""
    return MetricSpec(Kind.GAUGE, f"llm_memory_graph_{name}", text, labels)


def histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> MetricSpec:
    """Declare a histogram. ``name`` is without the prefix ``llm_memory_graph_``."""
    return MetricSpec(Kind.HISTOGRAM, f"llm_memory_graph_{name}", text, labels, buckets)
