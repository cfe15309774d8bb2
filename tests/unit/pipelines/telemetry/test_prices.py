from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType

import pytest
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, StartDateConstraint, TimeOfDateConstraint
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.pricing import UNKNOWN, CatalogueEntry
from workers.pipelines.telemetry.prices.tariff import Rates, Tariff

CATALOGUE = Catalogue()
NAMES = [(each.id, model.id) for each in providers for model in each.models if each.find_model(model.id)]
COUNTS = st.tuples(*[st.integers(0, 1_000_000)] * 4)
MILLIS = st.integers(1_420_070_400_000, 1_830_000_000_000)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(NAMES), MILLIS, COUNTS)
def test_every_model_costs_what_the_catalogue_itself_computes(
    name: tuple[str, str], at: int, counts: tuple[int, int, int, int]
) -> None:
    prompt, completion = counts[:2]
    cached, reasoning = min(counts[2], prompt), min(counts[3], completion)
    _, model = get_snapshot().find_provider_model(name[1], None, name[0], None)
    price = model.get_prices(datetime.fromtimestamp(at / 1000, UTC))
    usage = Usage(
        input_tokens=prompt, output_tokens=completion, cache_read_tokens=cached, output_reasoning_tokens=reasoning
    )
    tariff = CATALOGUE.terms(*name, at).tariff
    if price.input_mtok is None and price.output_mtok is None:
        assert tariff is None
    else:
        expected = price.calc_price(usage)["total_price"]
        assert tariff
        cost = tariff.cost(prompt, completion, cached, reasoning)
        assert Decimal(cost.exact) == expected
        assert cost.usd == float(expected)


@pytest.mark.parametrize(
    ("provider", "model_id"), [("acme", "gpt-4o"), ("openai", "nobody-made-this"), ("", "gpt-4o"), ("openai", "")]
)
def test_what_the_catalogue_does_not_know_has_no_price(provider: str, model_id: str) -> None:
    assert CATALOGUE.terms(provider, model_id, 1_700_000_000_000).tariff is None


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
    assert tariff.cost(10, 20, 0, 0) == (0.00165, "0.00165000")
    assert tariff.cost(0, 0, 0, 0) == (0.0, "0.00000000")


def test_parts_are_never_more_than_the_whole() -> None:
    tariff = Tariff(8, 10**8, ((-1, Rates(prompt=100, completion=200, cached=10, reasoning=300, request=0)),))
    assert tariff.cost(5, 7, 50, 70) == (0.0000215, "0.00002150")


def test_a_step_is_for_prompts_above_it() -> None:
    rates = Rates(prompt=1, completion=0, cached=1, reasoning=0, request=0)
    tariff = Tariff(8, 10**8, ((200_000, rates._replace(prompt=2)), (-1, rates)))
    assert [tariff.cost(prompt, 0, 0, 0).exact for prompt in (200_000, 200_001)] == ["0.00200000", "0.00400002"]


def test_a_model_has_one_card_whoever_serves_it() -> None:
    assert CATALOGUE.entry("claude-3-5-sonnet-20241022") == CatalogueEntry("Claude Sonnet 3.5", 200_000)
    assert CATALOGUE.entry("nobody-made-this") == UNKNOWN


def test_the_catalogue_holds_no_condition_that_is_not_handled() -> None:
    prices = [model.prices for each in providers for model in each.models]
    conditional = [price for each in prices if not isinstance(each, ModelPrice) for price in each]
    kinds = {type(price.constraint) for price in conditional}
    assert kinds == {NoneType, StartDateConstraint, TimeOfDateConstraint}
