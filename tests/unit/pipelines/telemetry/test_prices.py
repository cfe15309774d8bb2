from types import NoneType

import pytest
from genai_prices.data import providers
from genai_prices.types import ModelPrice, StartDateConstraint, TimeOfDateConstraint

from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.pricing import UNKNOWN, CatalogueEntry
from workers.pipelines.telemetry.prices.tariff import Rates, Tariff
from workers.pipelines.telemetry.usage import Usage

CATALOGUE = Catalogue()


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
