"""Read the prices of a row: by category, by the size of the prompt, by service tier and time of the day."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from workers.core.checks import check_size, check_unicode, quoted, reject
from workers.pipelines.registry.events import DOLLARS, Prices
from workers.pipelines.registry.limits import MAX_NAME_BYTES, MOST_DIGITS

CATEGORIES = tuple(name for name in Prices._fields if name != "currency")
PRICE = {"type": "number", "minimum": 0}
TIME = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}
MOST_TOKENS = 10**12
"""The largest size of a prompt that a tier can begin at: far more than any context window."""
COST = {"type": "object", "properties": {**dict.fromkeys(CATEGORIES, PRICE), "currency": CURRENCY}}
"""The JSON Schema of ``cost_per_1k_tokens``. Other properties have no meaning."""
TIERS = {
    "type": "object",
    "propertyNames": {"enum": list(CATEGORIES)},
    "additionalProperties": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "above_tokens": {"type": "integer", "minimum": 0, "maximum": MOST_TOKENS},
                "per_1k_tokens": PRICE,
            },
            "required": ["above_tokens", "per_1k_tokens"],
        },
    },
}
"""The JSON Schema of ``metadata.price_tiers``."""
VARIANTS = {
    "type": "array",
    "items": {
        "type": "object",
        "propertyNames": {"enum": ["service_tier", "from", "until", "cost_per_1k_tokens", "price_tiers"]},
        "properties": {
            "service_tier": {"type": "string", "minLength": 1},
            "from": TIME,
            "until": TIME,
            "cost_per_1k_tokens": {
                "type": "object",
                "propertyNames": {"enum": list(CATEGORIES)},
                "additionalProperties": PRICE,
            },
            "price_tiers": TIERS,
        },
        "dependentRequired": {"from": ["until"], "until": ["from"]},
        "anyOf": [{"required": ["service_tier"]}, {"required": ["from"]}],
    },
}
"""The JSON Schema of ``metadata.price_variants``."""


def prices(cost: Mapping[str, Any]) -> Prices:
    """Return the prices of a valid ``cost_per_1k_tokens``. US dollars are the same with and without their name."""
    by_category, currency = _cost("cost_per_1k_tokens", cost), cost.get("currency")
    return Prices(**by_category, currency=None if currency == DOLLARS else currency)


def price_tiers(metadata: Mapping[str, Any]) -> str | None:
    """Return the valid ``price_tiers``, if there are any."""
    return _text(_tiers("metadata.price_tiers", metadata.get("price_tiers") or {}))


def price_variants(metadata: Mapping[str, Any]) -> str | None:
    """Return the valid ``price_variants``, in their order, if there are any."""
    variants = metadata.get("price_variants") or []
    return _text([_variant(f"metadata.price_variants.{number}", each) for number, each in enumerate(variants)])


def _text(value: Any) -> str | None:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if value else None


def _variant(path: str, variant: Mapping[str, Any]) -> dict[str, Any]:
    when = {name: variant[name] for name in ("from", "until") if name in variant}
    if "service_tier" in variant:
        check_size(f"{path}.service_tier", variant["service_tier"], MAX_NAME_BYTES)
        check_unicode(f"{path}.service_tier", variant["service_tier"])
        when["service_tier"] = variant["service_tier"].strip().lower()
    cost = _cost(f"{path}.cost_per_1k_tokens", variant.get("cost_per_1k_tokens", {}))
    tiers = _tiers(f"{path}.price_tiers", variant.get("price_tiers", {}))
    return when | {"cost_per_1k_tokens": cost, "price_tiers": tiers}


def _cost(path: str, cost: Mapping[str, Any]) -> dict[str, str]:
    return {name: _exact(f"{path}.{name}", cost[name]) for name in CATEGORIES if cost.get(name) is not None}


def _tiers(path: str, tiers: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {name: _steps(f"{path}.{name}", steps) for name, steps in tiers.items() if steps}


def _steps(path: str, steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the tiers of a category, the lowest first. Raises ``Rejected`` if two begin at one number of tokens."""
    by_start: dict[int, str] = {}
    for number, each in enumerate(steps):
        above = int(each["above_tokens"])
        if above in by_start:
            fix = "send each number of tokens once"
            reject("price_tiers.repeated", f"{path}.{number}.above_tokens is {above} a second time: {fix}")
        by_start[above] = _exact(f"{path}.{number}.per_1k_tokens", each["per_1k_tokens"])
    return [{"above_tokens": above, "per_1k_tokens": price} for above, price in sorted(by_start.items())]


def _exact(path: str, value: Any) -> str:
    """Return a price as a decimal string; equal prices give equal strings."""
    price = Decimal(value)
    if not price:
        return "0"
    if int(price.as_tuple().exponent) < -MOST_DIGITS or price.adjusted() >= MOST_DIGITS:
        fix = f"send an amount with at most {MOST_DIGITS} digits on each side of the point"
        reject("cost_per_1k_tokens.digits", f"{path} is {quoted(str(value))}: {fix}")
    plain = format(price, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
