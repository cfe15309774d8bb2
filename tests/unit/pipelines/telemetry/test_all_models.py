"""Every model of the catalogue costs what the catalogue itself computes, from it and from a registry loaded from it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest
from genai_prices import Usage as CatalogueUsage
from genai_prices.data import providers
from genai_prices.types import ClauseEquals, ClauseOr, MatchLogic, ModelInfo, Provider

from tests.model.traffic import seeded
from tests.unit.pipelines.telemetry.loaded_registry import loaded_models
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.pricing import PriceBook, PricingTerms
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook
from workers.pipelines.telemetry.usage import Usage

ANY_TIME = (1_420_070_400_000, 1_830_000_000_000)
SERVICE_TIERS_ARE_SOLD = (1_795_176_000_000, 1_830_000_000_000)
"""From 2026-11-20 on; those of the catalogue begin in October 2026."""
CONTEXTS = {
    None: {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "standard": {},
}
"""Service tiers as events name them, and as the catalogue does."""
NAMED_BY_A_RULE = {
    ("mistral", "magistral-small"): "magistral-small-2509",
    ("openai", "ft:gpt-4o"): "ft:gpt-4o-2024-08-06:org::id",
    ("openai", "ft:gpt-4o-mini"): "ft:gpt-4o-mini-2024-07-18:org::id",
}
"""Names of the models that neither their id nor an exact alias leads to."""


class Call(NamedTuple):
    """The names of a call, and the model that they mean."""

    provider: str
    name: str
    model: ModelInfo


def calls() -> Iterator[Call]:
    """Yield a call for each model: by its id, an alias, a region of Bedrock, or a name that a rule matches."""
    for sold_by in providers:
        for model in sold_by.models:
            yield Call(sold_by.id, _name(sold_by, model), model)


def _name(sold_by: Provider, model: ModelInfo) -> str:
    regional = model.id.replace("regional.", "us.") if sold_by.id == "aws" else model.id
    by_rule = NAMED_BY_A_RULE.get((sold_by.id, model.id))
    names = (model.id, *_aliases(model.match), regional, *([by_rule] if by_rule else []))
    return next(name for name in names if sold_by.find_model(name, all_providers=providers) is model)


def _aliases(match: MatchLogic) -> list[str]:
    if isinstance(match, ClauseOr):
        return [alias for each in match.or_ for alias in _aliases(each)]
    return [match.equals] if isinstance(match, ClauseEquals) else []


def usage(random: Random) -> Usage:
    """Return counts of which each part is at most the whole."""
    prompt, completion = (random.choice((0, random.randrange(1_000_001))) for _ in range(2))
    cached, reasoning = random.randint(0, prompt), random.randint(0, completion)
    cache_write = random.randint(0, prompt - cached)
    return Usage(prompt, completion, cached, cache_write, reasoning, cache_write_1h=random.randint(0, cache_write))


def expected(model: ModelInfo, at: int, service_tier: str | None, used: Usage) -> Decimal | None:
    """Return what the catalogue computes; ``None`` for a model without a price for text."""
    price = model.get_prices(datetime.fromtimestamp(at / 1000, UTC), CONTEXTS[service_tier])
    if price.input_mtok is None and price.output_mtok is None:
        return None
    counted = CatalogueUsage(
        input_tokens=used.prompt,
        output_tokens=used.completion,
        output_reasoning_tokens=used.reasoning,
        cache_read_tokens=used.cached,
        cache_write_tokens=used.cache_write,
        cache_write_1h_tokens=used.cache_write_1h,
    )
    return price.calc_price(counted)["total_price"]


def charged(terms: PricingTerms, used: Usage) -> Decimal | None:
    """Return the cost by these terms."""
    if terms.tariff is None:
        assert terms.unpriced == "no_price", terms
        return None
    cost = terms.tariff.cost(used)
    assert cost.usd == float(cost.exact)
    return Decimal(cost.exact)


@pytest.fixture(scope="module")
def books() -> tuple[PriceBook, PriceBook]:
    """Return the catalogue, and a registry that was loaded from it."""
    catalogue = Catalogue()
    history = RegistryHistory(catalogue.named)
    history.replace(loaded_models())
    return catalogue, RegistryPriceBook(history, catalogue)


@pytest.mark.parametrize("period", [ANY_TIME, SERVICE_TIERS_ARE_SOLD])
def test_every_model_costs_in_every_service_tier_what_the_catalogue_itself_computes(
    period: tuple[int, int], books: tuple[PriceBook, PriceBook]
) -> None:
    random = seeded(period[0])
    for provider, name, model in calls():
        for service_tier in CONTEXTS:
            at, used = random.randint(*period), usage(random)
            cost = expected(model, at, service_tier, used)
            for book in books:
                found = charged(book.terms(provider, name, at, service_tier), used)
                assert found == cost, (provider, name, at, service_tier, used, book)


def test_all_models_of_the_catalogue_are_in_the_comparison() -> None:
    assert [each.model for each in calls()] == [model for each in providers for model in each.models]
    assert len({(each.provider, each.name) for each in calls()}) == len(list(calls()))
