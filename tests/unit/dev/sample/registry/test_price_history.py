from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from genai_prices.data import providers
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from workers.dev.sample.registry.price_history import SINCE_EVER, Priced, price_history


def cost(prompt: str, completion: str) -> dict[str, Decimal]:
    return {"input": Decimal(prompt), "output": Decimal(completion)}


def usd(price: int | str) -> ModelPrice:
    return ModelPrice(input_mtok=Decimal(price), output_mtok=Decimal(price) * 2)


def since(day: date, price: int) -> ConditionalPrice:
    return ConditionalPrice(constraint=StartDateConstraint(day), prices=usd(price))


def history(*prices: ConditionalPrice) -> list[Priced]:
    return price_history(ModelInfo(id="m", match=ClauseEquals("m"), prices=list(prices)))


def single(price: ModelPrice) -> Priced:
    (priced,) = price_history(ModelInfo(id="m", match=ClauseEquals("m"), prices=price))
    return priced


def test_one_price_has_held_since_ever() -> None:
    assert single(usd(3)) == (SINCE_EVER, cost("0.003", "0.006"), {})


def test_dated_prices_come_in_the_order_of_time() -> None:
    prices = history(ConditionalPrice(prices=usd(1)), since(date(2025, 6, 1), 3), since(date(2025, 1, 1), 2))
    found = [(each.effective_from.date(), each.cost and each.cost["input"]) for each in prices]
    # Of prices that have begun the last in the list counts, so that the one of June never does.
    assert found == [(SINCE_EVER.date(), Decimal("0.001")), (date(2025, 1, 1), Decimal("0.002"))]


def test_a_price_that_repeats_the_one_before_is_left_out() -> None:
    prices = history(ConditionalPrice(prices=usd(1)), since(date(2025, 1, 1), 1), since(date(2025, 6, 1), 2))
    assert [each.effective_from.year for each in prices] == [1970, 2025]


def test_prices_by_the_time_of_day_are_left_out() -> None:
    night = TimeOfDateConstraint(time(0, 30, tzinfo=UTC), time(16, 30, tzinfo=UTC))
    prices = history(ConditionalPrice(prices=usd(2)), ConditionalPrice(constraint=night, prices=usd(1)))
    assert prices == [(SINCE_EVER, cost("0.002", "0.004"), {})]


def test_cached_and_reasoning_tokens_have_prices_of_their_own() -> None:
    price = ModelPrice(
        input_mtok=Decimal(1),
        output_mtok=Decimal(2),
        cache_read_mtok=Decimal("0.1"),
        output_reasoning_mtok=Decimal(3),
    )
    assert single(price).cost == cost("0.001", "0.002") | {
        "cached_input": Decimal("0.0001"),
        "reasoning": Decimal("0.003"),
    }


def test_dearer_long_prompts_are_told_as_tiers_beside_the_base_price() -> None:
    tiered = TieredPrices(base=Decimal(1), tiers=[Tier(start=200_000, price=Decimal(2))])
    priced = single(ModelPrice(input_mtok=tiered, output_mtok=Decimal(4)))
    assert priced.cost == cost("0.001", "0.004")
    assert priced.tiers == {"input": [{"above_tokens": 200_000, "per_1k_tokens": Decimal("0.002")}]}


def test_what_has_no_price_for_text_has_no_cost_and_an_embedding_costs_its_input() -> None:
    assert single(ModelPrice(audio_hours=Decimal(1))).cost is None
    assert single(ModelPrice(input_mtok=Decimal(1))).cost == cost("0.001", "0")


@pytest.mark.parametrize("at", [datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 6, 15, 23, 30, tzinfo=UTC)])
def test_real_histories_agree_with_what_genai_prices_says_at_a_time(at: datetime) -> None:
    for model in (model for provider in providers for model in provider.models if _only_dates(model)):
        in_force = [each for each in price_history(model) if each.effective_from <= at][-1]
        (known,) = price_history(ModelInfo(id="m", match=model.match, prices=model.get_prices(at)))
        assert in_force[1:] == known[1:], model.id


def _only_dates(model: ModelInfo) -> bool:
    prices = [] if isinstance(model.prices, ModelPrice) else model.prices
    return not any(isinstance(each.constraint, TimeOfDateConstraint) for each in prices)


def test_no_digit_of_a_price_is_lost() -> None:
    assert single(usd("0.0805")).cost == cost("0.0000805", "0.000161")
    for model in (model for provider in providers for model in provider.models):
        for price in [model.prices] if isinstance(model.prices, ModelPrice) else [each.prices for each in model.prices]:
            if isinstance(price.input_mtok, Decimal):
                priced = single(price).cost
                assert priced
                assert priced["input"] * 1_000 == price.input_mtok, model.id
