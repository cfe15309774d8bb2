"""A model's history as the graph holds it, made ready for lookups."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from workers.pipelines.telemetry.enrich import Terms
from workers.pipelines.telemetry.history import Held, KnownModel
from workers.pipelines.telemetry.tariff import Dollars, Tariff, dollars

TOKENS_PER_PRICE = 3
"""The registry's prices are for a thousand tokens: three places more for one."""
SOURCE = "registry"


def known_model(
    model_id: str, provider: str | None, aliases: Sequence[str] | None, prices: Sequence[Any]
) -> KnownModel:
    """Make a model of its columns; its ``prices`` come latest first."""
    return KnownModel(model_id, provider, tuple(aliases or ()), tuple(_held(model_id, *price) for price in prices))


def _held(model_id: str, price_id: str, since: int, until: int | None, version: str | None, *figures: Any) -> Held:
    window, *prices = figures
    tariff = _tariff(*map(_usd, prices))
    version_id = None if version is None else f"{model_id}@{version}"
    source, used = (None, None) if tariff is None else (SOURCE, price_id)
    return Held(since, until, Terms(tariff, window, source, used, version_id))


def _tariff(
    prompt: Decimal | None, completion: Decimal | None, cached: Decimal | None, reasoning: Decimal | None
) -> Tariff | None:
    """Of prompt and completion one may have no price, as with embeddings; with neither there is no tariff."""
    if prompt is None and completion is None:
        return None
    per_thousand = dollars(prompt or Decimal(0), completion or Decimal(0), cached, reasoning)
    return Tariff.of([(-1, Dollars(*(usd.scaleb(-TOKENS_PER_PRICE) for usd in per_thousand)))])


def _usd(price: object) -> Decimal | None:
    """Read a price; one that nobody could charge, in a graph that somebody has edited, is no price."""
    if price is None:
        return None
    try:
        usd = Decimal(str(price))
    except InvalidOperation:
        return None
    return usd if usd.is_finite() and usd >= 0 else None
