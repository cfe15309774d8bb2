"""The price catalogue: genai-prices, real prices of real models with their start dates. Data without I/O."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from genai_prices.data import providers
from genai_prices.data_snapshot import find_provider_by_id
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from workers.pipelines.telemetry.limits import MAX_PRICED_MODELS
from workers.pipelines.telemetry.prices.pricing import UNKNOWN, CatalogueEntry, PricingTerms
from workers.pipelines.telemetry.prices.tariff import Dollars, Tariff, dollars

TOKENS_PER_PRICE = 6
"""The catalogue's prices are for 1,000,000 tokens: six more decimal places for one token."""
REQUESTS_PER_PRICE = 3
"""The catalogue's prices of requests are for 1,000 requests."""
SOURCE = "genai-prices"
DAY_MS = 86_400_000


class Period(NamedTuple):
    """When terms are in force: from a time on, and each day between two times (in ms), also across midnight."""

    since: int
    daily: tuple[int, int] | None
    terms: PricingTerms

    def is_in_force(self, timestamp: int) -> bool:
        """Tell whether the terms are in force at ``timestamp``, epoch milliseconds."""
        if timestamp < self.since:
            return False
        if self.daily is None:
            return True
        opens, closes = self.daily
        of_day = timestamp % DAY_MS
        return opens <= of_day < closes if opens <= closes else of_day >= opens or of_day < closes


class Catalogue:
    """The catalogue as a ``PriceBook``. The search by patterns is slow, so its results are cached, misses included."""

    def __init__(self, kept: int = MAX_PRICED_MODELS) -> None:
        self._periods: Callable[[str, str], tuple[Period, ...]] = lru_cache(kept)(_periods)
        self.entry: Callable[[str], CatalogueEntry] = lru_cache(kept)(_entry)
        self.named: Callable[[str, str], str | None] = lru_cache(kept)(_named)

    def terms(self, provider: str, model_id: str, timestamp: int) -> PricingTerms:
        """Return the terms in force; of several, the last one in the catalogue, as its rules say."""
        for period in self._periods(provider, model_id):
            if period.is_in_force(timestamp):
                return period.terms
        raise ValueError(f"{model_id} of {provider}: the last period is for all times")


def _model(provider: str, model_id: str) -> ModelInfo | None:
    seller = find_provider_by_id(providers, provider)
    return seller.find_model(model_id, all_providers=providers) if seller else None


def _named(provider: str, model_id: str) -> str | None:
    """Return the catalogue's id of a provider's model, for any name that matches its rules."""
    model = _model(provider, model_id)
    return model.id if model else None


def _periods(provider: str, model_id: str) -> tuple[Period, ...]:
    """Return the model's price periods at this provider, in order of precedence; the last one is always in force.

    The context window is the one of its entry, because a Model is one node for all providers.
    """
    model, window = _model(provider, model_id), _entry(model_id).context_window
    if model is None:
        return (Period(0, None, PricingTerms(None, window)),)
    if isinstance(model.prices, ModelPrice):
        return (Period(0, None, _terms(model.prices, window)),)
    # The first price is also in force where no condition matches.
    always = Period(0, None, _terms(model.prices[0].prices, window))
    return (*(_period(price, window) for price in reversed(model.prices)), always)


def _period(price: ConditionalPrice, window: int | None) -> Period:
    since, daily = 0, None
    if isinstance(price.constraint, StartDateConstraint):
        since = int(datetime.combine(price.constraint.start_date, time(), UTC).timestamp() * 1000)
    elif isinstance(price.constraint, TimeOfDateConstraint):
        daily = (_of_day(price.constraint.start_time), _of_day(price.constraint.end_time))
    return Period(since, daily, _terms(price.prices, window))


def _of_day(at: time) -> int:
    """Return the UTC time of the day in milliseconds; a time without zone is UTC."""
    utc = datetime.combine(datetime(2000, 1, 1, tzinfo=UTC), at, at.tzinfo or UTC)
    return int(utc.timestamp() * 1000) % DAY_MS


def _terms(price: ModelPrice, window: int | None) -> PricingTerms:
    tariff = _tariff(price)
    return PricingTerms(tariff, window, SOURCE if tariff else None)


def _tariff(price: ModelPrice) -> Tariff | None:
    """Return the tariff of text. Models that are priced by hours, pages or pictures have none."""
    if price.input_mtok is None and price.output_mtok is None:
        return None
    tiered = (each for each in vars(price).values() if isinstance(each, TieredPrices))
    starts = sorted({-1} | {tier.start for each in tiered for tier in each.tiers}, reverse=True)
    return Tariff.of((start, _dollars(price, start)) for start in starts)


def _dollars(price: ModelPrice, above: int) -> Dollars:
    """Return US dollars for one token of each kind, for prompts of more than ``above`` tokens."""
    per_token = dollars(
        _at(price.input_mtok, above) or Decimal(0),
        _at(price.output_mtok, above) or Decimal(0),
        _at(price.cache_read_mtok, above),
        _at(price.output_reasoning_mtok, above),
    )
    request = _at(price.requests_kcount, above) or Decimal(0)
    per_one = Dollars(*(usd.scaleb(-TOKENS_PER_PRICE) for usd in per_token))
    return per_one._replace(request=request.scaleb(-REQUESTS_PER_PRICE))


def _at(price: Decimal | TieredPrices | None, above: int) -> Decimal | None:
    """Return the price for prompts of more than ``above`` tokens. A reached tier applies to all tokens."""
    if isinstance(price, TieredPrices):
        return next((tier.price for tier in reversed(price.tiers) if above >= tier.start), price.base)
    return price


def _entry(model_id: str) -> CatalogueEntry:
    """Find the model at the provider whose naming pattern matches, otherwise at the first that has it."""
    ref = model_id.lower()
    own_providers = [each for each in providers if each.model_match and each.model_match.is_match(ref)]
    for provider in (*own_providers, *providers):
        model: ModelInfo | None = provider.find_model(ref, all_providers=providers)
        if model is not None:
            return CatalogueEntry(model.name, model.context_window)
    return UNKNOWN
