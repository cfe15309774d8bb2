"""The telemetry worker's metrics, and how they report a batch."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workers.core.metric import Measurement, counter
from workers.core.report import BatchReport
from workers.pipelines.telemetry.cost import Priced, deviates, why_unpriced
from workers.pipelines.telemetry.fold.span import Clamped, Span
from workers.pipelines.telemetry.fold.trace import Ended
from workers.pipelines.telemetry.prices.names import is_known, seller
from workers.pipelines.telemetry.prices.pricing import PriceBook
from workers.pipelines.telemetry.tokens.used import Conventions, used_by

UNPRICED = counter(
    "unpriced_invocations_total",
    "Calls that ended and have no price: unknown_provider, unknown_model, no_price at that time, other_currency, or "
    "contradictory_tokens.",
    "provider",
    "reason",
)

CLAMPED = counter("latencies_clamped_total", "Events with a negative latency that counts as 0.", "event_type")

DEVIATIONS = counter(
    "reported_cost_deviations_total",
    "Calls whose reported cost differs from ours by more than 1 %; other for providers that genai-prices has not.",
    "provider",
)

METRICS = (UNPRICED, CLAMPED, DEVIATIONS)


class Verdict(NamedTuple):
    """What the metrics count about a call. ``unpriced`` is the reason, if it has no cost or contradicts itself."""

    unpriced: str | None = None
    deviates: bool = False


FINE = Verdict()


def report(batch: BatchReport, book: PriceBook, conventions: Conventions) -> Iterator[Measurement]:
    """Return the measurements of a batch that the graph has, with the prices of its plan."""
    unpriced, deviations = Counter[tuple[str, str]](), Counter[str]()
    for ended, now in _remarkable(batch):
        known = _verdict(_price(ended.before, book, conventions)) if ended.before else FINE
        provider = seller(ended.span.source_event().provider)
        if now.unpriced and now.unpriced != known.unpriced:
            unpriced[provider, now.unpriced] += 1
        if now.deviates and not known.deviates:
            deviations[provider if is_known(provider) else "other"] += 1
    yield from (Measurement(UNPRICED, count, labels) for labels, count in unpriced.items())
    yield from (Measurement(DEVIATIONS, count, (provider,)) for provider, count in deviations.items())
    clamped = Counter(each.event_type for each in batch.observations if isinstance(each, Clamped))
    yield from (Measurement(CLAMPED, count, (event_type,)) for event_type, count in clamped.items())


def _remarkable(batch: BatchReport) -> Iterable[tuple[Ended, Verdict]]:
    """Return each ended call that is not fine, once, with what it was before the batch."""
    found: dict[int, tuple[Ended, Verdict]] = {}
    for each in batch.observations:
        if isinstance(each, Ended) and (verdict := _verdict(each.priced[each.span.span_id])) is not FINE:
            found.setdefault(id(each.span), (each, verdict))
    return found.values()


def _price(span: Span, book: PriceBook, conventions: Conventions) -> Priced:
    source, used = span.source_event(), used_by(span, conventions)
    return Priced(used, book.terms(source.provider, source.model_id, span.timestamp, used.service_tier))


def _verdict(priced: Priced) -> Verdict:
    used, terms = priced.used, priced.terms
    if terms.tariff is not None and used.reported is None and not used.is_contradictory:
        return FINE
    is_billed = used.reported is not None and not used.is_contradictory
    return Verdict(None if is_billed else why_unpriced(used, terms), deviates(used, terms))
