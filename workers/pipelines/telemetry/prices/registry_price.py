"""One price of the registry, as a Price node has it, as a schedule.

genai-prices' own types hold it, so that tiers, times of the day and service tiers count by the rules of the catalogue.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import msgspec
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from workers.pipelines.telemetry.limits import MAX_PRICED_MODELS
from workers.pipelines.telemetry.prices.schedule import NO_PRICES, Tariffs, schedule_of

DOLLARS = "USD"
THOUSANDS = 3
"""The registry's prices are for 1,000 tokens and one request, the catalogue's for 1,000,000 and 1,000: three places."""
KEYS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "reasoning": "output_reasoning_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "per_request": "requests_kcount",
}
"""The registry's categories of text, with the names of genai-prices."""
PART_OF = {"cached_input": "input", "cache_write": "input", "cache_write_1h": "cache_write", "reasoning": "output"}
"""The category whose price holds where there is none."""

Price: TypeAlias = Decimal | TieredPrices
NOTHING: Mapping[str, Price] = MappingProxyType({})


class PriceColumns(NamedTuple):
    """What a Price node says about text, in the order of ``KEYS``; tiers and variants as JSON."""

    input: str | None = None
    output: str | None = None
    cached_input: str | None = None
    reasoning: str | None = None
    cache_write: str | None = None
    cache_write_1h: str | None = None
    per_request: str | None = None
    currency: str | None = None
    price_tiers: str | None = None
    price_variants: str | None = None


class _Tier(msgspec.Struct):
    above_tokens: int
    per_1k_tokens: str


class _Variant(msgspec.Struct):
    service_tier: str | None = None
    since: str | None = msgspec.field(default=None, name="from")
    until: str | None = None
    cost_per_1k_tokens: dict[str, str] = {}
    price_tiers: dict[str, list[_Tier]] = {}


_tiers = msgspec.json.Decoder(dict[str, list[_Tier]]).decode
_variants = msgspec.json.Decoder(list[_Variant]).decode


def in_dollars(columns: PriceColumns) -> bool:
    """Tell whether the price is in US dollars, as a price without a currency is."""
    return columns.currency in {None, DOLLARS}


@lru_cache(MAX_PRICED_MODELS)
def schedule(columns: PriceColumns) -> Tariffs:
    """Return the schedule of a price in US dollars.

    An invalid price, in a graph that was edited by hand, counts as none, and so does a price with invalid tiers.
    """
    try:
        return schedule_of(_model(columns))
    except (msgspec.MsgspecError, ValueError):
        return NO_PRICES


def _model(columns: PriceColumns) -> ModelInfo:
    cost = {name: usd for name in KEYS if (usd := getattr(columns, name)) is not None}
    base = _prices(cost, _tiers(columns.price_tiers or "{}"))
    variants = _variants(columns.price_variants or "[]")
    return ModelInfo(
        "price",
        ClauseEquals("price"),
        prices=[ConditionalPrice(prices=ModelPrice(**base)), *_by_time(base, variants)],
        price_variants=[
            PriceVariant({"service_tier": each.service_tier}, _of_variant(each, base), _hours(each))
            for each in variants
            if each.service_tier is not None
        ],
    )


def _by_time(base: Mapping[str, Price], variants: list[_Variant]) -> Iterator[ConditionalPrice]:
    """Yield the prices by time of the day, those with precedence last."""
    for each in reversed(variants):
        if each.service_tier is None:
            yield ConditionalPrice(_hours(each), prices=ModelPrice(**{**base, **vars(_of_variant(each, base))}))


def _of_variant(variant: _Variant, base: Mapping[str, Price]) -> ModelPrice:
    """Return the prices that the variant replaces; below its first step, the row's prices stay."""
    return ModelPrice(**_prices(variant.cost_per_1k_tokens, variant.price_tiers, base))


def _hours(variant: _Variant) -> TimeOfDateConstraint | None:
    if variant.since is None or variant.until is None:
        return None
    return TimeOfDateConstraint(_of_day(variant.since), _of_day(variant.until))


def _of_day(text: str) -> time:
    return time.fromisoformat(text).replace(tzinfo=UTC)


def _prices(
    cost: Mapping[str, str], tiers: Mapping[str, list[_Tier]], otherwise: Mapping[str, Price] = NOTHING
) -> dict[str, Price]:
    """Return the prices that are named; ``otherwise`` has those that hold where none is."""
    named: dict[str, Price] = {}
    for name, key in KEYS.items():  # wholes before their parts
        usd = _usd(cost.get(name))
        priced = ((each.above_tokens, _usd(each.per_1k_tokens)) for each in tiers.get(name, []))
        steps = [Tier(above, usd_there) for above, usd_there in priced if usd_there is not None]
        if steps:
            named[key] = _stepped(_unnamed(name, {**otherwise, **named}) if usd is None else usd, steps)
        elif usd is not None:
            named[key] = usd
    return named


def _stepped(below: Price, steps: list[Tier]) -> TieredPrices:
    """Return the price with steps; below the first of them, ``below`` holds with the steps that it has there."""
    if isinstance(below, TieredPrices):
        lower = [tier for tier in below.tiers if tier.start < steps[0].start]
        return TieredPrices(below.base, [*lower, *steps])
    return TieredPrices(below, steps)


def _unnamed(name: str, known: Mapping[str, Price]) -> Price:
    """Return the price of a category that names none: the known one, else that of the category it is a part of."""
    if (price := known.get(KEYS[name])) is not None:
        return price
    whole = PART_OF.get(name)
    return Decimal(0) if whole is None else _unnamed(whole, known)


def _usd(price: object) -> Decimal | None:
    """Read a price; an invalid or negative one counts as none."""
    if price is None:
        return None
    try:
        usd = Decimal(str(price))
    except InvalidOperation:
        return None
    return usd.scaleb(THOUSANDS) if usd.is_finite() and usd >= 0 else None
