"""A listed metric as the series of its family on a registry."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from workers.observe.metric_list import MetricSpec
from workers.observe.series import Buckets, HistogramCollector, Series


def counter(spec: MetricSpec, registry: CollectorRegistry) -> Series[Counter]:
    """Register a counter."""
    metric = Counter(spec.name, spec.help, spec.labels, registry=registry)
    return Series(spec, metric.labels)


def gauge(spec: MetricSpec, registry: CollectorRegistry) -> Series[Gauge]:
    """Register a gauge; one without labels when it is first set, as it would show 0 before."""
    if not spec.labels:
        return Series(spec, lambda: Gauge(spec.name, spec.help, registry=registry))
    metric = Gauge(spec.name, spec.help, spec.labels, registry=registry)
    return Series(spec, metric.labels, metric.remove)


def histogram(spec: MetricSpec, registry: CollectorRegistry) -> Series[Buckets]:
    """Register a histogram."""
    return Series(spec, HistogramCollector(spec, registry).labels)
