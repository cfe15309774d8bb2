"""The telemetry worker's metrics, and how they report a batch."""

from collections import Counter
from collections.abc import Iterator

from workers.core.metric import Measurement, counter
from workers.core.report import BatchReport
from workers.pipelines.telemetry.fold.span import Clamped, Ended
from workers.pipelines.telemetry.prices.names import seller
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook

UNPRICED = counter(
    "unpriced_invocations_total",
    "Calls that ended and have no price: unknown_provider, unknown_model, no_price at that time, or other_currency.",
    "provider",
    "reason",
)

CLAMPED = counter("latencies_clamped_total", "Events with a negative latency that counts as 0.", "event_type")

METRICS = (UNPRICED, CLAMPED)


def report(batch: BatchReport, book: RegistryPriceBook) -> Iterator[Measurement]:
    """Return the measurements of a batch that the graph has, with the prices of now."""
    ended = (each for each in batch.observations if isinstance(each, Ended))
    unpriced = Counter((seller(each.provider), reason) for each in ended if (reason := book.why_unpriced(*each)))
    for (provider, reason), count in unpriced.items():
        yield Measurement(UNPRICED, count, (provider, reason))
    clamped = Counter(each.event_type for each in batch.observations if isinstance(each, Clamped))
    for event_type, count in clamped.items():
        yield Measurement(CLAMPED, count, (event_type,))
