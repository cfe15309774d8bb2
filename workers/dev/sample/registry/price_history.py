"""A model's prices from genai-prices as the registry has them: US dollars for 1,000 tokens, and for one request.

Prices of hours, pages or pictures have no column and are left out.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The start of a price whose beginning is unknown."""
THOUSANDS = 3
"""Decimal places between a price for a thousand tokens and one for a million, one request and a thousand."""
COLUMNS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "reasoning": "output_reasoning_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "input_audio": "input_audio_mtok",
    "output_audio": "output_audio_mtok",
    "cached_audio": "cache_audio_read_mtok",
    "input_image": "input_image_mtok",
    "output_image": "output_image_mtok",
    "cached_image": "cache_image_read_mtok",
    "per_request": "requests_kcount",
}
"""The registry's price names, with those of genai-prices."""
TIER_KEYS = ("service_tier", "processing", "speed")
"""What genai-prices calls a service tier, provider by provider."""

Cost = dict[str, Decimal]
Tiers = dict[str, list[dict[str, Decimal | int]]]


class Priced(NamedTuple):
    """Terms from a time on, in the form of the table. ``cost`` is ``None`` if text has no price."""

    effective_from: datetime
    cost: Cost | None
    tiers: Tiers
    variants: list[dict[str, Any]]


def price_history(model: ModelInfo) -> list[Priced]:
    """Return the model's prices in the order of time, without repetitions."""
    history: list[Priced] = []
    for since in _starts(model):
        priced = _priced(model, since)
        if not history or history[-1][1:] != priced[1:]:
            history.append(priced)
    return history


def _conditional(model: ModelInfo) -> list[ConditionalPrice]:
    return [ConditionalPrice(prices=model.prices)] if isinstance(model.prices, ModelPrice) else model.prices


def _starts(model: ModelInfo) -> list[datetime]:
    conditions: list[ConditionalPrice | PriceVariant] = [*_conditional(model), *(model.price_variants or ())]
    return sorted({SINCE_EVER} | {_start(each) for each in conditions})


def _priced(model: ModelInfo, since: datetime) -> Priced:
    """Return the last listed price that has begun, else the first, with those that replace it at times of the day."""
    begun = [each for each in reversed(_conditional(model)) if _start(each) <= since]
    base = next((each.prices for each in begun if not _by_time(each)), _conditional(model)[0].prices)
    cost = _cost(base)
    if cost is None:
        return Priced(since, None, {}, [])
    by_time = []
    for each in begun:
        if not isinstance(each.constraint, TimeOfDateConstraint):
            break
        by_time.append(_hours(each.constraint) | _prices(each.prices))
    special = (each for each in model.price_variants or () if _start(each) <= since)
    return Priced(since, cost, _tiers(base), [*chain.from_iterable(map(_service_tier, special)), *by_time])


def _by_time(price: ConditionalPrice) -> bool:
    return isinstance(price.constraint, TimeOfDateConstraint)


def _start(price: ConditionalPrice | PriceVariant) -> datetime:
    if isinstance(price.constraint, StartDateConstraint):
        return datetime.combine(price.constraint.start_date, time(), UTC)
    return SINCE_EVER


def _hours(condition: TimeOfDateConstraint) -> dict[str, Any]:
    return {"from": f"{condition.start_time:%H:%M}", "until": f"{condition.end_time:%H:%M}"}


def _service_tier(variant: PriceVariant) -> Iterator[dict[str, Any]]:
    """Yield the prices of a service tier; other variants, such as routes, have no column."""
    prices = _prices(variant.prices)
    if prices["cost_per_1k_tokens"] and len(variant.when) == 1:
        yield from ({"service_tier": variant.when[key]} | prices for key in TIER_KEYS if key in variant.when)


def _prices(price: ModelPrice) -> dict[str, Any]:
    tiers = _tiers(price)
    return {"cost_per_1k_tokens": dict(_known(price))} | ({"price_tiers": tiers} if tiers else {})


def _cost(price: ModelPrice) -> Cost | None:
    """Return the token prices; a missing input or output price is 0."""
    if price.input_mtok is None and price.output_mtok is None:
        return None
    return {"input": Decimal(0), "output": Decimal(0), **dict(_known(price))}


def _known(price: ModelPrice) -> Iterator[tuple[str, Decimal]]:
    for name, field in COLUMNS.items():
        value = getattr(price, field)
        if value is not None:
            yield name, _per_thousand(value.base if isinstance(value, TieredPrices) else value)


def _tiers(price: ModelPrice) -> Tiers:
    """Return the prices for long prompts, which apply to all tokens of the call."""
    tiered = {name: getattr(price, field) for name, field in COLUMNS.items()}
    return {
        name: [{"above_tokens": tier.start, "per_1k_tokens": _per_thousand(tier.price)} for tier in value.tiers]
        for name, value in tiered.items()
        if isinstance(value, TieredPrices)
    }


def _per_thousand(usd: Decimal) -> Decimal:
    return usd.scaleb(-THOUSANDS)
