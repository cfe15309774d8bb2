"""A price of genai-prices as a tariff: what one token of each kind costs, by genai-prices' own arithmetic.

Which category a token falls into, and which price it has if its own category has none, is decided there: so the
catalogue's prices and the registry's are computed in the same way. Only the multiplication is ours, because it is
exact and fast.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from types import MappingProxyType

from genai_prices import Usage
from genai_prices.types import ModelPrice, TieredPrices

from workers.pipelines.telemetry.prices.tariff import Dollars, Tariff

DIGITS = 200
"""More digits than any price has, so that no division is rounded."""

ONE_OF: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "prompt": {"input_tokens": 1},
        "completion": {"output_tokens": 1},
        "cached": {"input_tokens": 1, "cache_read_tokens": 1},
        "cache_write": {"input_tokens": 1, "cache_write_tokens": 1},
        "cache_write_1h": {"input_tokens": 1, "cache_write_tokens": 1, "cache_write_1h_tokens": 1},
        "reasoning": {"output_tokens": 1, "output_reasoning_tokens": 1},
    }
)
"""One token of each kind in genai-prices' words. A part is also counted in its whole."""
OF_TEXT = (
    "input_mtok",
    "output_mtok",
    "cache_read_mtok",
    "cache_write_mtok",
    "cache_write_1h_mtok",
    "output_reasoning_mtok",
)
"""The prices that the counts of an event concern; it has no count of tokens of audio or images."""


def tariff_of(price: ModelPrice) -> Tariff | None:
    """Return the tariff of text. Models that are priced by hours, pages or pictures have none."""
    if price.input_mtok is None and price.output_mtok is None:
        return None
    tiered = (each for each in vars(price).values() if isinstance(each, TieredPrices))
    starts = sorted({-1} | {tier.start for each in tiered for tier in each.tiers}, reverse=True)
    with localcontext(prec=DIGITS):
        return Tariff.of((start, _dollars(price, start)) for start in starts)


def _dollars(price: ModelPrice, above: int) -> Dollars:
    """Return US dollars for one token of each kind, for prompts of more than ``above`` tokens."""
    flat = _flat(price, above)
    request = _usd(flat, {})
    return Dollars(**{kind: _usd(flat, one) - request for kind, one in ONE_OF.items()}, request=request)


def _usd(price: ModelPrice, counts: Mapping[str, int]) -> Decimal:
    return price.calc_price(Usage(**counts))["total_price"]


def _flat(price: ModelPrice, above: int) -> ModelPrice:
    """Return the prices of text for such prompts. Embeddings have no price for output, which is 0 then.

    genai-prices asks for a price of the whole, where there is one of a part.
    """
    prices = {key: at for key in (*OF_TEXT, "requests_kcount") if (at := _at(getattr(price, key), above)) is not None}
    prices = {"input_mtok": Decimal(0), "output_mtok": Decimal(0), **prices}
    if "cache_write_1h_mtok" in prices:
        prices.setdefault("cache_write_mtok", prices["input_mtok"])
    return ModelPrice(**prices)


def _at(price: Decimal | TieredPrices | None, above: int) -> Decimal | None:
    """Return the price for prompts of more than ``above`` tokens. A reached tier applies to all tokens."""
    if isinstance(price, TieredPrices):
        return next((tier.price for tier in reversed(price.tiers) if above >= tier.start), price.base)
    return price
