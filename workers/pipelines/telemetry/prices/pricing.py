"""The terms by which a call is priced, and what chooses them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from workers.pipelines.telemetry.prices.tariff import Tariff


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
CONTRADICTORY_TOKENS = "contradictory_tokens"
REASONS: Mapping[str, str] = MappingProxyType(
    {
        UNKNOWN_PROVIDER: "neither the registry nor the catalogue knows the provider",
        UNKNOWN_MODEL: "neither the registry nor the catalogue knows this name of a model at its provider",
        NO_PRICE: "the model is known, and has no price for tokens at that time",
        OTHER_CURRENCY: "the registry's price is in a currency other than US dollars",
        CONTRADICTORY_TOKENS: "the token counts contradict the declared way of counting, or every way",
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
