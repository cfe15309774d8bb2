"""What a call cost: by our price, otherwise what its events say was billed, otherwise why it is not known."""

from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from workers.pipelines.telemetry.prices.pricing import CONTRADICTORY_TOKENS, NO_PRICE, REASONS, PricingTerms
from workers.pipelines.telemetry.prices.tariff import LEAST_PLACES
from workers.pipelines.telemetry.tokens.used import Used

REPORTED = "reported"
NONE = "none"
TOLERATED_PERCENT = 1


class Priced(Struct, frozen=True, gc=False):
    """What a call used, and the terms by which it is priced."""

    used: Used
    terms: PricingTerms


class InvocationCost(NamedTuple):
    """The cost of an invocation. ``context_utilization`` is the used share of the context window.

    ``price_source``  ``registry``, ``genai-prices``, ``reported``, ``none``; ``None`` where there is nothing to price
    ``cost_note``     why there is no price of ours
    """

    cost_usd: float | None = None
    cost_usd_exact: str | None = None
    context_utilization: float | None = None
    price_source: str | None = None
    price_id: str | None = None
    cost_note: str | None = None


NO_COST = InvocationCost()


def cost_of(used: Used, terms: PricingTerms) -> InvocationCost:
    """Return the cost. Without both counts of tokens there is none, unless an event says what was billed."""
    usage, reported = used.usage(), used.reported
    if usage is None and not used.is_contradictory:
        return NO_COST if reported is None else InvocationCost(reported, exact(reported), price_source=REPORTED)
    window = terms.context_window
    utilization = (usage.prompt + usage.completion) / window if window and usage else None
    if usage is not None and terms.tariff is not None:
        usd, digits = terms.tariff.cost(usage)
        return InvocationCost(usd, digits, utilization, terms.source, terms.price_id)
    note = REASONS[why_unpriced(used, terms) or NO_PRICE]
    if reported is None:
        return InvocationCost(None, None, utilization, NONE, None, note)
    return InvocationCost(reported, exact(reported), utilization, REPORTED, None, note)


def why_unpriced(used: Used, terms: PricingTerms) -> str | None:
    """Return why we cannot compute a cost, one of ``REASONS``; ``None`` if we can."""
    if used.is_contradictory:
        return CONTRADICTORY_TOKENS
    return None if terms.tariff is not None else terms.unpriced or NO_PRICE


def deviates(used: Used, terms: PricingTerms) -> bool:
    """Tell whether the cost that was reported differs from ours by more than one percent of ours."""
    usage = used.usage()
    if used.reported is None or usage is None or terms.tariff is None:
        return False
    ours = Decimal(terms.tariff.cost(usage).exact)
    return abs(Decimal(exact(used.reported)) - ours) * 100 > ours * TOLERATED_PERCENT


def exact(usd: float) -> str:
    """Return a float of US dollars as its shortest decimal string, with at least eight places."""
    amount = Decimal(repr(usd))
    exponent = amount.as_tuple().exponent
    return f"{amount:.{max(LEAST_PLACES, -exponent if isinstance(exponent, int) else 0)}f}"
