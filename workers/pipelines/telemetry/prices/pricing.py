"""The cost of a call, by the terms that the price book has chosen."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from workers.pipelines.telemetry.fold.span import Span
from workers.pipelines.telemetry.prices.tariff import Tariff
from workers.pipelines.telemetry.usage import Usage


class PricingTerms(NamedTuple):
    """The price and context window of a model at one time.

    ``context_window``  in tokens
    ``source``      the source of the price: ``registry`` or ``genai-prices``; ``price_id`` is the registry's Price
    ``version_id``  the ModelVersion in force, if the registry has one
    ``unpriced``    where there is no tariff, the reason: one of ``REASONS``
    """

    tariff: Tariff | None
    context_window: int | None
    source: str | None = None
    price_id: str | None = None
    version_id: str | None = None
    unpriced: str | None = None


UNKNOWN_PROVIDER = "unknown_provider"
UNKNOWN_MODEL = "unknown_model"
NO_PRICE = "no_price"
OTHER_CURRENCY = "other_currency"
REASONS: Mapping[str, str] = MappingProxyType(
    {
        UNKNOWN_PROVIDER: "neither the registry nor the catalogue knows the provider",
        UNKNOWN_MODEL: "neither the registry nor the catalogue knows this name of a model at its provider",
        NO_PRICE: "the model is known, and has no price for tokens at that time",
        OTHER_CURRENCY: "the registry's price is in a currency other than US dollars",
    }
)
"""Why a call has no price, in words."""


class CatalogueEntry(NamedTuple):
    """What the catalogue knows about a model of any provider. ``context_window`` in tokens."""

    name: str | None
    context_window: int | None


UNKNOWN = CatalogueEntry(None, None)


class PriceBook(Protocol):
    """Looks up prices and models in memory, once for each invocation."""

    def terms(self, provider: str, model_id: str, timestamp: int, service_tier: str | None = None) -> PricingTerms:
        """Return the terms in force at ``timestamp`` (epoch milliseconds)."""
        ...

    def entry(self, model_id: str) -> CatalogueEntry:
        """Return the catalogue's entry of a model, by its id alone: a Model is one node for all providers."""
        ...


class InvocationCost(NamedTuple):
    """The cost of an invocation. ``context_utilization`` is the used share of the context window."""

    cost_usd: float | None = None
    cost_usd_exact: str | None = None
    context_utilization: float | None = None
    price_source: str | None = None
    price_id: str | None = None


NO_COST = InvocationCost()


class TokenCounts(NamedTuple):
    """Tokens by the latest token event, otherwise by the terminal event."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None


NO_COUNTS = TokenCounts()


def token_counts(span: Span) -> TokenCounts:
    """Return the token counts of a span."""
    if tokens := span.tokens:
        return TokenCounts(
            tokens.prompt_tokens,
            tokens.completion_tokens,
            tokens.cached_tokens,
            tokens.reasoning_tokens,
            tokens.total_tokens,
        )
    if end := span.end:
        return TokenCounts(end.prompt_tokens, end.completion_tokens)
    return NO_COUNTS


def cost_of(counted: TokenCounts, terms: PricingTerms) -> InvocationCost:
    """Return the cost of the tokens. Without both counts or a price there is none."""
    prompt, completion, cached, reasoning, _ = counted
    if prompt is None or completion is None:
        return NO_COST
    tariff, window, source, price_id, *_ = terms
    utilization = (prompt + completion) / window if window else None
    if tariff is None:
        return InvocationCost(context_utilization=utilization)
    usd, exact = tariff.cost(Usage(prompt, completion, cached or 0, reasoning=reasoning or 0))
    return InvocationCost(usd, exact, utilization, source, price_id)
