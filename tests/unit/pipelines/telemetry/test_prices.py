from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType

import pytest
from genai_prices import Usage as CatalogueUsage
from genai_prices.data import providers
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, StartDateConstraint, TimeOfDateConstraint
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.pricing import UNKNOWN, CatalogueEntry
from workers.pipelines.telemetry.prices.tariff import Rates, Tariff
from workers.pipelines.telemetry.usage import Usage

CATALOGUE = Catalogue()
NAMES = [(each.id, model.id) for each in providers for model in each.models if each.find_model(model.id)]
COUNTS = st.tuples(*[st.integers(0, 1_000_000)] * 6)
MILLIS = st.integers(1_420_070_400_000, 1_830_000_000_000)
CONTEXTS = {
    None: {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "standard": {},
}
"""Service tiers as events name them, and as the catalogue does."""


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(NAMES), MILLIS, COUNTS, st.sampled_from(list(CONTEXTS)))
def test_every_model_costs_what_the_catalogue_itself_computes(
    name: tuple[str, str], at: int, counts: tuple[int, ...], service_tier: str | None
) -> None:
    prompt, completion = counts[:2]
    cached, reasoning = min(counts[2], prompt), min(counts[3], completion)
    cache_write = min(counts[4], prompt - cached)
    for_an_hour = min(counts[5], cache_write)
    _, model = get_snapshot().find_provider_model(name[1], None, name[0], None)
    price = model.get_prices(datetime.fromtimestamp(at / 1000, UTC), CONTEXTS[service_tier])
    counted = {"input_tokens": prompt, "output_tokens": completion, "output_reasoning_tokens": reasoning}
    of_cache = {"cache_read_tokens": cached, "cache_write_tokens": cache_write, "cache_write_1h_tokens": for_an_hour}
    tariff = CATALOGUE.terms(*name, at, service_tier).tariff
    if price.input_mtok is None and price.output_mtok is None:
        assert tariff is None
    else:
        expected = price.calc_price(CatalogueUsage(**counted, **of_cache))["total_price"]
        assert tariff
        usage = Usage(prompt, completion, cached, cache_write, reasoning, cache_write_1h=for_an_hour)
        cost = tariff.cost(usage)
        assert Decimal(cost.exact) == expected
        assert cost.usd == float(expected)


@pytest.mark.parametrize(
    ("provider", "model_id", "why"),
    [
        ("acme", "gpt-4o", "unknown_provider"),
        ("", "gpt-4o", "unknown_provider"),
        ("openai", "nobody-made-this", "unknown_model"),
        ("openai", "", "unknown_model"),
        ("openai", "whisper-1", "no_price"),
    ],
)
def test_what_the_catalogue_does_not_know_has_no_price(provider: str, model_id: str, why: str) -> None:
    terms = CATALOGUE.terms(provider, model_id, 1_700_000_000_000)
    assert (terms.tariff, terms.unpriced) == (None, why)


def test_a_price_holds_from_its_date_on() -> None:
    before, after = (CATALOGUE.terms("anthropic", "claude-sonnet-4-6", at).tariff for at in (MARCH_13 - 1, MARCH_13))
    assert before
    assert after
    assert before.steps != after.steps


MARCH_13 = 1_773_360_000_000
"""2026-03-13T00:00:00Z, in milliseconds."""


def test_exact_costs_have_at_least_eight_places() -> None:
    tariff = CATALOGUE.terms("anthropic", "claude-3-opus", 1_700_000_000_000).tariff
    assert tariff
    assert tariff.cost(Usage(10, 20)) == (0.00165, "0.00165000")
    assert tariff.cost(Usage(0, 0)) == (0.0, "0.00000000")


RATES = Rates(prompt=100, completion=200, cached=10, cache_write=125, cache_write_1h=200, reasoning=300, request=0)


def test_parts_are_never_more_than_the_whole() -> None:
    tariff = Tariff(8, 10**8, ((-1, RATES),))
    assert tariff.cost(Usage(5, 7, cached=50, reasoning=70)) == (0.0000215, "0.00002150")
    assert tariff.cost(Usage(5, 0, cached=2, cache_write=50, cache_write_1h=50)).exact == "0.00000620"


def test_a_step_is_for_prompts_above_it() -> None:
    tariff = Tariff(8, 10**8, ((200_000, RATES._replace(prompt=2)), (-1, RATES._replace(prompt=1))))
    assert [tariff.cost(Usage(prompt, 0)).exact for prompt in (200_000, 200_001)] == ["0.00200000", "0.00400002"]


def test_a_model_has_one_card_whoever_serves_it() -> None:
    assert CATALOGUE.entry("claude-3-5-sonnet-20241022") == CatalogueEntry("Claude Sonnet 3.5", 200_000)
    assert CATALOGUE.entry("nobody-made-this") == UNKNOWN


def test_the_catalogue_holds_no_condition_that_is_not_handled() -> None:
    prices = [model.prices for each in providers for model in each.models]
    conditional = [price for each in prices if not isinstance(each, ModelPrice) for price in each]
    kinds = {type(price.constraint) for price in conditional}
    assert kinds == {NoneType, StartDateConstraint, TimeOfDateConstraint}
