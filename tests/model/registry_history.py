"""Random registry histories: ambiguous names, gaps, missing prices and versions."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.model.naive_registry_join import PRICES, Row

PROVIDERS = ("anthropic", "openai", "azure", "acme", None)
CATEGORIES = ("input", "output", "cached_input", "reasoning", "cache_write")
TIERS = ("batch", "flex", "priority")
ABOVE = (9, 999, 50_000, 200_000)
"""Sizes of prompts."""


def registry_history(  # noqa: PLR0913 - the parts of a history
    random: Random,
    names: tuple[str, ...],
    begins: int,
    step: int,
    providers: tuple[str | None, ...] = PROVIDERS,
    *,
    hours: bool = False,
) -> list[Row]:
    """Return the terms of some models from ``names``, in the order of time.

    Times are multiples of ``step`` ms. With ``hours``, some prices hold at a time of the day.
    """
    rows = []
    for model_id in random.sample(names, random.randint(1, len(names))):
        provider = random.choice(providers)
        aliases = tuple(random.sample(names, random.randint(0, 2)))
        times = sorted({begins + step * random.randint(-2, 10) for _ in range(random.randint(1, 5))})
        ends = [*times[1:], random.choice((None, times[-1] + step))]
        for since, until in zip(times, ends, strict=True):
            version, window = random.choice((None, "1", "2", f"at {since}")), random.choice((None, 8_000, 200_000))
            rows.append(Row(model_id, provider, aliases, since, until, version, window, _prices(random, hours=hours)))
    return sorted(rows, key=lambda row: row.since)


def _prices(random: Random, *, hours: bool) -> tuple[str | None, ...]:
    def price() -> str:
        return f"{random.randint(0, 10**9) / 10**10:.10f}"

    if random.random() < 0.1:
        return (None,) * 10
    maybe = [random.choice((None, "0", price())) for _ in range(4)]
    costs = (price(), random.choice((None, price())), *maybe, random.choice((None, price())))
    currency = random.choice((None, None, "USD", "EUR"))
    variants = _variants(random, price, hours=hours) if random.random() < 0.5 else []
    with_price = [name for name, cost in zip(PRICES, costs, strict=False) if cost is not None and name in CATEGORIES]
    tiers = _tiers(random, price, with_price if variants else CATEGORIES) if random.random() < 0.5 else {}
    return (*costs, currency, json.dumps(tiers) if tiers else None, json.dumps(variants) if variants else None)


def _tiers(random: Random, price: Callable[[], str], among: Sequence[str]) -> dict[str, Any]:
    names = random.sample(among, min(len(among), random.randint(1, 3)))
    starts = {name: sorted(random.sample(ABOVE, random.randint(1, 2))) for name in names}
    return {name: [{"above_tokens": at, "per_1k_tokens": price()} for at in starts[name]] for name in names}


def _variants(random: Random, price: Callable[[], str], *, hours: bool) -> list[dict[str, Any]]:
    """Return prices of service tiers; with ``hours`` then those of a time of the day.

    Where several can hold at once, steps are for categories that have a price below them, too.
    """
    chosen: list[dict[str, Any]] = [{"service_tier": tier} for tier in random.sample(TIERS, random.randint(0, 3))]
    chosen += [{"from": "16:30", "until": "00:30"}] if hours and random.random() < 0.5 else []
    for each in chosen:
        costs = {name: price() for name in random.sample(CATEGORIES, random.randint(1, 3))}
        among = CATEGORIES if len(chosen) == 1 else tuple(costs)
        tiers = _tiers(random, price, among) if random.random() < 0.5 else {}
        each |= {"cost_per_1k_tokens": costs, "price_tiers": tiers}
    return chosen
