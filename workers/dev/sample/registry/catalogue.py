"""All models of genai-prices as changes of the registry, price by price.

No value is made up: missing values stay empty. A version is a date that the maker put into a model's name.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain, zip_longest
from typing import Any

from genai_prices.data import providers
from genai_prices.types import ModelInfo, ModelPrice

from workers.dev.sample.registry.change import Change, Kind
from workers.dev.sample.registry.names import aliases, match_rule, registry_ids
from workers.dev.sample.registry.price_history import Priced, price_history

SNAPSHOT = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")
"""A date in a name, such as ``gpt-4o-2024-08-06`` or ``claude-3-5-sonnet-20241022``."""
SOLD_AS = {
    "input_image_mtok": "vision",
    "input_audio_mtok": "audio",
    "input_video_mtok": "video",
    "cache_read_mtok": "prompt_caching",
    "web_searches_kcount": "web_search",
}
"""Capabilities of a model, derived from its prices."""


def catalogue() -> Iterator[Change]:
    """Yield every model with its first price, then its later prices in order."""
    ids = registry_ids(providers)
    sold = [(provider.id, model, ids[provider.id, model.id]) for provider in providers for model in provider.models]
    waves = zip_longest(*(_rows(provider, model, model_id) for provider, model, model_id in sold))
    yield from (change for wave in waves for change in wave if change)
    yield from chain.from_iterable(_details(model, model_id) for _, model, model_id in sold)


def _rows(provider: str, model: ModelInfo, model_id: str) -> list[Change]:
    about = {"source": "genai-prices", "name": model.name, "match": match_rule(model)}
    known = {name: value for name, value in about.items() if value} | {"aliases": aliases(model, model_id)}
    constant = {
        "model_id": model_id,
        "version": version_in(model.id),
        "provider": provider,
        "context_window": model.context_window,
        "training_cutoff": None,
        "deprecated": bool(model.deprecated),
    }
    return [
        Change(Kind.MODEL, {**constant, **_terms(priced), "metadata": known | _more_prices(priced)})
        for priced in price_history(model)
    ]


def _terms(priced: Priced) -> dict[str, Any]:
    return {"cost_per_1k_tokens": priced.cost, "effective_from": priced.effective_from}


def _more_prices(priced: Priced) -> dict[str, Any]:
    more = {"price_tiers": priced.tiers, "price_variants": priced.variants}
    return {name: prices for name, prices in more.items() if prices}


def _details(model: ModelInfo, model_id: str) -> Iterator[Change]:
    for version in sorted({found for name in (model.id, *aliases(model, model_id)) if (found := version_in(name))}):
        unknown = {"released_at": None, "changelog": None}
        yield Change(Kind.VERSION, {"model_id": model_id, "version": version, **unknown})
    for capability in sorted(set(_capabilities(model))):
        yield Change(Kind.CAPABILITY, {"model_id": model_id, "capability": capability})


def version_in(name: str) -> str | None:
    """Return the date in a model's name as ``YYYY-MM-DD``."""
    for year, month, day in SNAPSHOT.findall(name):
        try:
            return date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
    return None


def _capabilities(model: ModelInfo) -> Iterator[str]:
    for price in _prices(model):
        yield from (capability for field, capability in SOLD_AS.items() if getattr(price, field) is not None)


def _prices(model: ModelInfo) -> Iterable[ModelPrice]:
    return [model.prices] if isinstance(model.prices, ModelPrice) else [each.prices for each in model.prices]
