"""The price catalogue: genai-prices, real prices of real models with their start dates. Data without I/O."""

import dataclasses
from collections.abc import Callable
from functools import lru_cache, partial

from genai_prices.data import providers
from genai_prices.data_snapshot import find_provider_by_id
from genai_prices.types import ModelInfo, Provider

from workers.pipelines.telemetry.limits import MAX_PRICED_MODELS
from workers.pipelines.telemetry.prices.names import is_known, meanings, seller
from workers.pipelines.telemetry.prices.pricing import (
    NO_PRICE,
    UNKNOWN,
    UNKNOWN_MODEL,
    UNKNOWN_PROVIDER,
    CatalogueEntry,
    PricingTerms,
)
from workers.pipelines.telemetry.prices.schedule import NO_PRICES, Schedule, schedule_of
from workers.pipelines.telemetry.prices.tariff import Tariff

SOURCE = "genai-prices"


class Catalogue:
    """The catalogue as a ``PriceBook``. The search by patterns is slow, so its results are cached, misses included."""

    def __init__(self, kept: int = MAX_PRICED_MODELS) -> None:
        self._terms: Callable[[str, str], Schedule[PricingTerms]] = lru_cache(kept)(_terms)
        self.entry: Callable[[str], CatalogueEntry] = lru_cache(kept)(_entry)
        self.named: Callable[[str, str], str | None] = lru_cache(kept)(_named)

    def terms(self, provider: str, model_id: str, timestamp: int, service_tier: str | None = None) -> PricingTerms:
        """Return the terms in force; of several, the last one in the catalogue, as its rules say."""
        return self._terms(provider, model_id).at(timestamp, service_tier)


def _named(provider: str, model_id: str) -> str | None:
    """Return the catalogue's id of a seller's model, for any name that matches its rules."""
    model = _model(provider, model_id)
    return model.id if model else None


def _model(provider: str, model_id: str) -> ModelInfo | None:
    sold_by = find_provider_by_id(providers, provider)
    if sold_by is None:
        return None
    model = sold_by.find_model(model_id, all_providers=providers) or _of_id(sold_by, model_id)
    if model is None or any(model is own for own in sold_by.models):
        return model
    # Azure's OpenAI, for example: the maker's price, but not those of the maker's service tiers.
    return dataclasses.replace(model, price_variants=None)


def _of_id(provider: Provider, model_id: str) -> ModelInfo | None:
    """Return the model of this id: a few do not match their own rules, as fine-tuned ones without a date."""
    return next((model for model in provider.models if model.id == model_id), None)


def _terms(provider: str, model_id: str) -> Schedule[PricingTerms]:
    """Return the terms of the first model that the names can mean.

    The context window is the one of its entry, because a Model is one node for all providers.
    """
    for sold_by, name in meanings(provider, model_id):
        model = _model(sold_by, name)
        if model is not None:
            return schedule_of(model).replaced(partial(_sold, _entry(name).context_window, NO_PRICE))
    why_unpriced = UNKNOWN_MODEL if is_known(seller(provider)) else UNKNOWN_PROVIDER
    return NO_PRICES.replaced(partial(_sold, _entry(model_id).context_window, why_unpriced))


def _sold(window: int | None, why_unpriced: str, tariff: Tariff | None) -> PricingTerms:
    if tariff is None:
        return PricingTerms(None, window, unpriced=why_unpriced)
    return PricingTerms(tariff, window, SOURCE)


def _entry(model_id: str) -> CatalogueEntry:
    """Find the model at the provider whose naming pattern matches, otherwise at the first that has it."""
    ref = model_id.lower()
    own_providers = [each for each in providers if each.model_match and each.model_match.is_match(ref)]
    for provider in (*own_providers, *providers):
        model: ModelInfo | None = provider.find_model(ref, all_providers=providers)
        if model is not None:
            return CatalogueEntry(model.name, model.context_window)
    return UNKNOWN
