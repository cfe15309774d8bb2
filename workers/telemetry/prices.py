"""The price catalogue: genai-prices, real prices of real models with the dates from which they hold. Data, no I/O."""

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

from workers.telemetry.enrich import UNKNOWN, Card, Cost
from workers.telemetry.limits import MAX_PRICED_MODELS

TOKENS_PER_PRICE = 6
"""Catalogue prices are for a million tokens: six places more for one."""
REQUESTS_PER_PRICE = 3
"""Likewise for a thousand requests."""
LEAST_PLACES = 8
DAY_MS = 86_400_000


class Rates(NamedTuple):
    """Prices of one token each and of one request, in whole units of the tariff."""

    prompt: int
    completion: int
    cached: int
    reasoning: int
    request: int


class CatalogueTariff(NamedTuple):
    """Rates by size of the prompt, in units of 10 ** -places dollars, so that sums are exact and fast.

    ``dollar`` is one dollar in these units.
    ``steps``  ``(above how many prompt tokens, rates for all tokens)``, the highest first, the last above -1.
    """

    places: int
    dollar: int
    steps: tuple[tuple[int, Rates], ...]

    def cost(self, prompt: int, completion: int, cached: int, reasoning: int) -> Cost:
        """Price one invocation."""
        rates = self._rates(prompt)
        units = prompt * rates.prompt + completion * rates.completion + rates.request
        if cached:
            units += min(cached, prompt) * (rates.cached - rates.prompt)
        if reasoning:
            units += min(reasoning, completion) * (rates.reasoning - rates.completion)
        places = self.places
        digits = str(units).zfill(places + 1)
        return Cost(units / self.dollar, f"{digits[:-places]}.{digits[-places:]}")

    def _rates(self, prompt: int) -> Rates:
        for above, rates in self.steps:
            if prompt > above:
                return rates
        raise ValueError(f"a prompt of {prompt} tokens: the last step is for all prompts")


class Period(NamedTuple):
    """When a tariff holds: from a time on, and each day between two times of the day (in ms), across midnight too."""

    since: int
    daily: tuple[int, int] | None
    tariff: CatalogueTariff | None

    def holds(self, timestamp: int) -> bool:
        """Say whether the tariff holds at ``timestamp``, in epoch milliseconds."""
        if timestamp < self.since:
            return False
        if self.daily is None:
            return True
        opens, closes = self.daily
        of_day = timestamp % DAY_MS
        return opens <= of_day < closes if opens <= closes else of_day >= opens or of_day < closes


class Catalogue:
    """The catalogue as a ``PriceBook``: the search by patterns is slow, so what it finds is kept, misses included."""

    def __init__(self, kept: int = MAX_PRICED_MODELS) -> None:
        self._periods: Callable[[str, str], tuple[Period, ...]] = lru_cache(kept)(_periods)
        self.card: Callable[[str], Card] = lru_cache(kept)(_card)

    def tariff(self, provider: str, model_id: str, timestamp: int) -> CatalogueTariff | None:
        """Return the prices in force; of several the last in the catalogue, as its authors mean them."""
        for period in self._periods(provider, model_id):
            if period.holds(timestamp):
                return period.tariff
        return None


def _periods(provider: str, model_id: str) -> tuple[Period, ...]:
    """Find the model's prices at this provider, the ones that take precedence first."""
    seller = find_provider_by_id(providers, provider)
    model = seller.find_model(model_id, all_providers=providers) if seller else None
    if model is None:
        return ()
    if isinstance(model.prices, ModelPrice):
        return (Period(0, None, _tariff(model.prices)),)
    # The first also holds where no condition does.
    return (*(_period(price) for price in reversed(model.prices)), Period(0, None, _tariff(model.prices[0].prices)))


def _period(price: ConditionalPrice) -> Period:
    since, daily = 0, None
    if isinstance(price.constraint, StartDateConstraint):
        since = int(datetime.combine(price.constraint.start_date, time(), UTC).timestamp() * 1000)
    elif isinstance(price.constraint, TimeOfDateConstraint):
        daily = (_of_day(price.constraint.start_time), _of_day(price.constraint.end_time))
    return Period(since, daily, _tariff(price.prices))


def _of_day(at: time) -> int:
    """Return the UTC time of the day in milliseconds; a time without zone is UTC."""
    utc = datetime.combine(datetime(2000, 1, 1, tzinfo=UTC), at, at.tzinfo or UTC)
    return int(utc.timestamp() * 1000) % DAY_MS


def _tariff(price: ModelPrice) -> CatalogueTariff | None:
    """Put the prices of text into whole units; what is priced by hours, pages or pictures has no tariff here."""
    if price.input_mtok is None and price.output_mtok is None:
        return None
    tiered = (each for each in vars(price).values() if isinstance(each, TieredPrices))
    starts = sorted({-1} | {tier.start for each in tiered for tier in each.tiers}, reverse=True)
    steps = [(start, _usd_rates(price, start)) for start in starts]
    places = max([LEAST_PLACES, *(_places(usd) for _, rates in steps for usd in rates)])
    return CatalogueTariff(
        places, 10**places, tuple((start, Rates(*(int(usd.scaleb(places)) for usd in rates))) for start, rates in steps)
    )


def _usd_rates(price: ModelPrice, above: int) -> tuple[Decimal, ...]:
    """Return dollars for one of each, for prompts of more tokens than ``above``, in the order of ``Rates``."""
    prompt = _at(price.input_mtok, above) or Decimal(0)
    completion = _at(price.output_mtok, above) or Decimal(0)
    cached = _at(price.cache_read_mtok, above)
    reasoning = _at(price.output_reasoning_mtok, above)
    per_token = (
        prompt,
        completion,
        prompt if cached is None else cached,
        completion if reasoning is None else reasoning,
    )
    request = _at(price.requests_kcount, above) or Decimal(0)
    return (*(usd.scaleb(-TOKENS_PER_PRICE) for usd in per_token), request.scaleb(-REQUESTS_PER_PRICE))


def _at(price: Decimal | TieredPrices | None, above: int) -> Decimal | None:
    """Return the price for prompts of more tokens than ``above``; a tier holds for all tokens once it is reached."""
    if isinstance(price, TieredPrices):
        return next((tier.price for tier in reversed(price.tiers) if above >= tier.start), price.base)
    return price


def _places(usd: Decimal) -> int:
    exponent = usd.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _card(model_id: str) -> Card:
    """Find the model at the provider whose names it bears, else at the first that knows it."""
    ref = model_id.lower()
    makers = [each for each in providers if each.model_match and each.model_match.is_match(ref)]
    for provider in (*makers, *providers):
        model: ModelInfo | None = provider.find_model(ref, all_providers=providers)
        if model is not None:
            return Card(model.name, model.context_window)
    return UNKNOWN
