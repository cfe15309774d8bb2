"""PromQL over the product's own metrics. Names come from their declarations, so that none can be misspelt."""

from dataclasses import dataclass

from workers.core.metric import MetricSpec

WINDOW = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Scope:
    """The label matchers that all queries of a dashboard have, from its variables."""

    matchers: str

    def of(self, metric: MetricSpec | str, *matchers: str, suffix: str = "") -> str:
        """Return the selector of a metric; ``suffix`` is ``_bucket``, ``_sum`` or ``_count`` of a histogram."""
        name = metric if isinstance(metric, str) else metric.name
        return f"{name}{suffix}{{{', '.join((self.matchers, *matchers))}}}"

    def per_second(self, metric: MetricSpec | str, *matchers: str, suffix: str = "", window: str = WINDOW) -> str:
        """Return the rate of a counter, for each series."""
        return f"rate({self.of(metric, *matchers, suffix=suffix)}[{window}])"

    def counted(self, metric: MetricSpec, *by: str, window: str = "10m") -> str:
        """Return how often something happened within ``window``, for each combination of the labels ``by``.

        A counter with new labels begins at what it has counted, so ``increase`` alone would miss the first event.
        """
        counter = self.of(metric)
        grown = f"({counter} unless {counter} offset {window}) or increase({counter}[{window}])"
        return f"round({total(grown, *by)})"

    def quantile(self, share: float, histogram: MetricSpec, *by: str, window: str = WINDOW) -> str:
        """Return a quantile of a histogram, for each combination of the labels ``by``."""
        buckets = self.per_second(histogram, suffix="_bucket", window=window)
        return f"histogram_quantile({share}, {total(buckets, 'le', *by)})"

    def mean(self, histogram: MetricSpec, window: str = WINDOW) -> str:
        """Return the mean of what a histogram observed."""
        sums, counts = (
            total(self.per_second(histogram, suffix=suffix, window=window)) for suffix in ("_sum", "_count")
        )
        return f"{sums} / {counts}"


def total(expression: str, *by: str) -> str:
    """Return the sum, for each combination of the labels ``by``."""
    return _aggregated("sum", expression, by)


def highest(expression: str, *by: str) -> str:
    """Return the maximum, for each combination of the labels ``by``."""
    return _aggregated("max", expression, by)


def share(part: str, whole: str, *by: str) -> str:
    """Return a part of a whole, 0 to 1, for each combination of the labels ``by``; nothing where there is no whole."""
    everything = total(whole, *by)
    return f"({total(part, *by)} or 0 * {everything}) / ({everything} > 0)"


def or_zero(expression: str) -> str:
    """Return the expression, or 0 where it has no series: nothing has happened yet."""
    return f"{expression} or vector(0)"


def _aggregated(operation: str, expression: str, by: tuple[str, ...]) -> str:
    return f"{operation} by ({', '.join(by)}) ({expression})" if by else f"{operation}({expression})"
