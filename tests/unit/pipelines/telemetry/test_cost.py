from decimal import Decimal

import pytest

from workers.pipelines.telemetry.cost import NO_COST, InvocationCost, cost_of, deviates, exact, why_unpriced
from workers.pipelines.telemetry.prices.pricing import PricingTerms
from workers.pipelines.telemetry.prices.tariff import Dollars, Tariff
from workers.pipelines.telemetry.tokens.conventions import CONTRADICTORY, NO_COUNTS, TokenCounts
from workers.pipelines.telemetry.tokens.used import Used

DOLLARS = Dollars(
    prompt=Decimal(1),
    completion=Decimal(100),
    cached=Decimal("0.5"),
    cache_write=Decimal(2),
    cache_write_1h=Decimal(3),
    reasoning=Decimal(1_000),
)
TARIFF = Tariff.of([(-1, DOLLARS)])
TERMS = PricingTerms(TARIFF, 1_000, "registry", "m@then", "m@1")
UNKNOWN = PricingTerms(None, 1_000, unpriced="unknown_model")
WHY_UNKNOWN = "neither the registry nor the catalogue knows this name of a model at its provider"
WHY_CONTRADICTORY = "the token counts contradict the declared way of counting, or every way"


COUNTS = TokenCounts(11, 22, 3, 2, 4, 33)


def used(counts: TokenCounts = COUNTS, reported: float | None = None) -> Used:
    return Used(counts, None, reported)


def test_cached_cache_write_and_reasoning_tokens_are_parts_at_rates_of_their_own() -> None:
    usd = 6 + 1.5 + 4 + 1_800 + 4_000
    assert cost_of(used(), TERMS) == InvocationCost(usd, "5811.50000000", 0.033, "registry", "m@then")


@pytest.mark.parametrize("half", [TokenCounts(10, None), TokenCounts(None, 20), NO_COUNTS])
def test_half_a_count_has_no_price_but_what_was_billed_is_known(half: TokenCounts) -> None:
    assert cost_of(used(half), TERMS) == NO_COST
    assert cost_of(used(half, 0.25), TERMS) == InvocationCost(0.25, "0.25000000", price_source="reported")


def test_without_a_price_the_note_says_why() -> None:
    assert why_unpriced(used(), UNKNOWN) == "unknown_model"
    assert cost_of(used(), UNKNOWN) == InvocationCost(None, None, 0.033, "none", None, WHY_UNKNOWN)
    assert cost_of(used(), PricingTerms(None, None)).price_source == "none"


def test_what_was_billed_is_the_cost_only_where_there_is_no_price_of_ours() -> None:
    assert cost_of(used(reported=0.25), TERMS).price_source == "registry"
    assert cost_of(used(reported=0.0165), UNKNOWN) == InvocationCost(
        0.0165, "0.01650000", 0.033, "reported", None, WHY_UNKNOWN
    )


def test_contradictory_counts_have_no_cost_although_the_price_is_known() -> None:
    counts = TokenCounts(10, 5, 50, None, 70, 15, CONTRADICTORY)
    assert why_unpriced(used(counts), TERMS) == "contradictory_tokens"
    assert cost_of(used(counts), TERMS) == InvocationCost(price_source="none", cost_note=WHY_CONTRADICTORY)
    assert cost_of(used(counts, 0.5), TERMS) == InvocationCost(
        0.5, "0.50000000", None, "reported", None, WHY_CONTRADICTORY
    )


@pytest.mark.parametrize(
    ("reported", "deviating"),
    [(100.0, False), (101.0, False), (99.0, False), (101.00001, True), (98.99999, True), (0.0, True), (None, False)],
)
def test_more_than_one_percent_beside_our_cost_is_a_deviation(reported: float | None, *, deviating: bool) -> None:
    hundred = TokenCounts(0, 1)
    assert deviates(used(hundred, reported), TERMS) is deviating
    assert not deviates(used(hundred, reported), UNKNOWN)


def test_what_was_billed_is_kept_to_the_last_digit() -> None:
    assert [exact(usd) for usd in (0.0, 1e-7, 1.5e-12, 0.1, 1e9)] == [
        "0.00000000",
        "0.00000010",
        "0.0000000000015",
        "0.10000000",
        "1000000000.00000000",
    ]
