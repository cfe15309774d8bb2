from datetime import UTC, date, time
from decimal import Decimal

from genai_prices.data import providers
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
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
    assert single(usd(3)) == (SINCE_EVER, cost("0.003", "0.006"), {}, [])


def test_dated_prices_come_in_the_order_of_time() -> None:
    prices = history(ConditionalPrice(prices=usd(1)), since(date(2025, 6, 1), 3), since(date(2025, 1, 1), 2))
    found = [(each.effective_from.date(), each.cost and each.cost["input"]) for each in prices]
    # Of prices that have begun the last in the list counts, so that the one of June never does.
    assert found == [(SINCE_EVER.date(), Decimal("0.001")), (date(2025, 1, 1), Decimal("0.002"))]


def test_a_price_that_repeats_the_one_before_is_left_out() -> None:
    prices = history(ConditionalPrice(prices=usd(1)), since(date(2025, 1, 1), 1), since(date(2025, 6, 1), 2))
    assert [each.effective_from.year for each in prices] == [1970, 2025]


def test_prices_by_the_time_of_day_are_variants() -> None:
    day = TimeOfDateConstraint(time(0, 30, tzinfo=UTC), time(16, 30, tzinfo=UTC))
    (priced,) = history(ConditionalPrice(prices=usd(2)), ConditionalPrice(constraint=day, prices=usd(1)))
    assert priced.cost == cost("0.002", "0.004")
    assert priced.variants == [{"from": "00:30", "until": "16:30", "cost_per_1k_tokens": cost("0.001", "0.002")}]


def test_service_tiers_are_variants_from_their_date_on() -> None:
    batch = PriceVariant({"processing": "batch"}, usd(1), StartDateConstraint(date(2025, 1, 1)))
    flex, route = PriceVariant({"service_tier": "flex"}, usd(2)), PriceVariant({"route": "eu"}, usd(9))
    model = ModelInfo(id="m", match=ClauseEquals("m"), prices=usd(4), price_variants=[batch, flex, route])
    found = [
        (each.effective_from.year, [sold["service_tier"] for sold in each.variants]) for each in price_history(model)
    ]
    assert found == [(1970, ["flex"]), (2025, ["batch", "flex"])]


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


def test_audio_images_cache_writes_and_requests_have_prices_of_their_own() -> None:
    price = ModelPrice(
        input_mtok=Decimal(4),
        output_mtok=Decimal(16),
        cache_write_mtok=Decimal(5),
        cache_write_1h_mtok=Decimal(8),
        input_audio_mtok=Decimal(32),
        output_audio_mtok=Decimal(64),
        cache_audio_read_mtok=Decimal("0.4"),
        input_image_mtok=Decimal(6),
        output_image_mtok=Decimal(40),
        cache_image_read_mtok=Decimal("1.25"),
        requests_kcount=Decimal(12),
    )
    assert single(price).cost == cost("0.004", "0.016") | {
        "cache_write": Decimal("0.005"),
        "cache_write_1h": Decimal("0.008"),
        "input_audio": Decimal("0.032"),
        "output_audio": Decimal("0.064"),
        "cached_audio": Decimal("0.0004"),
        "input_image": Decimal("0.006"),
        "output_image": Decimal("0.04"),
        "cached_image": Decimal("0.00125"),
        "per_request": Decimal("0.012"),
    }


def test_dearer_long_prompts_are_told_as_tiers_beside_the_base_price() -> None:
    tiered = TieredPrices(base=Decimal(1), tiers=[Tier(start=200_000, price=Decimal(2))])
    priced = single(ModelPrice(input_mtok=tiered, output_mtok=Decimal(4)))
    assert priced.cost == cost("0.001", "0.004")
    assert priced.tiers == {"input": [{"above_tokens": 200_000, "per_1k_tokens": Decimal("0.002")}]}


def test_what_has_no_price_for_text_has_no_cost_and_an_embedding_costs_its_input() -> None:
    assert single(ModelPrice(audio_hours=Decimal(1))).cost is None
    assert single(ModelPrice(input_mtok=Decimal(1))).cost == cost("0.001", "0")


def test_no_digit_of_a_price_is_lost() -> None:
    assert single(usd("0.0805")).cost == cost("0.0000805", "0.000161")
    for model in (model for provider in providers for model in provider.models):
        for price in [model.prices] if isinstance(model.prices, ModelPrice) else [each.prices for each in model.prices]:
            if isinstance(price.input_mtok, Decimal):
                priced = single(price).cost
                assert priced
                assert priced["input"] * 1_000 == price.input_mtok, model.id
