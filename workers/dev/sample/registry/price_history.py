"""A model's prices from genai-prices as the registry has them: US dollars per 1,000 tokens.

Prices by the time of day have no column and are left out, as are those by hour, page or picture.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import NamedTuple

from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The start of a price whose beginning is unknown."""
THOUSANDS = 3
"""Decimal places between a price for a thousand tokens and one for a million."""
COLUMNS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "reasoning": "output_reasoning_mtok",
}
"""The registry's price names, with those of genai-prices (for a million tokens)."""


class Priced(NamedTuple):
    """Terms from a time on. ``cost`` is ``None`` if text has no price; ``tiers`` has the form used in ``metadata``."""

    effective_from: datetime
    cost: dict[str, Decimal] | None
    tiers: dict[str, list[dict[str, Decimal | int]]]


def price_history(model: ModelInfo) -> list[Priced]:
    """Return the model's prices in the order of time, without repetitions."""
    history: list[Priced] = []
    for since, price in _periods(model):
        priced = Priced(since, _cost(price), _tiers(price))
        if not history or history[-1][1:] != priced[1:]:
            history.append(priced)
    return history


def _periods(model: ModelInfo) -> Iterator[tuple[datetime, ModelPrice]]:
    """Yield each start with the last listed price that has begun, else the first."""
    if isinstance(model.prices, ModelPrice):
        yield SINCE_EVER, model.prices
        return
    dated = [(_start(each), each.prices) for each in model.prices if _by_date(each)]
    yield SINCE_EVER, next((price for start, price in reversed(dated) if start == SINCE_EVER), model.prices[0].prices)
    for since in sorted({start for start, _ in dated} - {SINCE_EVER}):
        yield since, next(price for start, price in reversed(dated) if start <= since)


def _by_date(price: ConditionalPrice) -> bool:
    return price.constraint is None or isinstance(price.constraint, StartDateConstraint)


def _start(price: ConditionalPrice) -> datetime:
    if isinstance(price.constraint, StartDateConstraint):
        return datetime.combine(price.constraint.start_date, time(), UTC)
    return SINCE_EVER


def _cost(price: ModelPrice) -> dict[str, Decimal] | None:
    """Return the token prices; a missing input or output price is 0."""
    prices = {name: getattr(price, field) for name, field in COLUMNS.items()}
    if prices["input"] is None and prices["output"] is None:
        return None
    known = {name: _base(value) for name, value in prices.items() if value is not None}
    return {"input": Decimal(0), "output": Decimal(0)} | {name: _per_thousand(value) for name, value in known.items()}


def _tiers(price: ModelPrice) -> dict[str, list[dict[str, Decimal | int]]]:
    """Return the prices for long prompts, which apply to all tokens of the call."""
    tiered = {name: getattr(price, field) for name, field in COLUMNS.items()}
    return {
        name: [{"above_tokens": tier.start, "per_1k_tokens": _per_thousand(tier.price)} for tier in value.tiers]
        for name, value in tiered.items()
        if isinstance(value, TieredPrices)
    }


def _base(price: Decimal | TieredPrices) -> Decimal:
    return price.base if isinstance(price, TieredPrices) else price


def _per_thousand(usd: Decimal) -> Decimal:
    return usd.scaleb(-THOUSANDS)
