from decimal import Decimal

import pytest

from workers.pipelines.telemetry.events import Invocation, Tokens
from workers.pipelines.telemetry.fold.span import NamedModel, Span
from workers.pipelines.telemetry.prices.pricing import (
    NO_COST,
    NO_COUNTS,
    InvocationCost,
    PricingTerms,
    TokenCounts,
    cost_of,
    token_counts,
)
from workers.pipelines.telemetry.prices.tariff import Dollars, Tariff

END = Invocation("m", "p", None, None, None, None, "SUCCESS", 30, 1.0, 10, 20)
TOKENS = Tokens("m", "p", 11, 22, 3, 4, 33)
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


def test_token_events_win_over_the_terminal_event() -> None:
    assert token_counts(Span("s", "e", timestamp=5, end=END, tokens=TOKENS)) == TokenCounts(11, 22, 3, 4, 33)


def test_without_a_token_event_the_terminal_event_counts() -> None:
    assert token_counts(Span("s", "e", timestamp=5, end=END)) == TokenCounts(10, 20)


def test_a_span_that_has_not_ended_has_used_nothing_yet() -> None:
    assert token_counts(Span("s", "e", timestamp=5, first=NamedModel("m", "p"))) == NO_COUNTS


def test_cached_and_reasoning_tokens_are_parts_at_rates_of_their_own() -> None:
    usd = 8 + 1.5 + 1_800 + 4_000
    assert cost_of(TokenCounts(11, 22, 3, 4, 33), TERMS) == InvocationCost(
        usd, "5809.50000000", 0.033, "registry", "m@then"
    )


@pytest.mark.parametrize("half", [TokenCounts(10, None), TokenCounts(None, 20), NO_COUNTS])
def test_half_a_count_has_no_price(half: TokenCounts) -> None:
    assert cost_of(half, TERMS) == NO_COST


def test_without_a_tariff_there_is_no_cost_and_nobody_who_names_it() -> None:
    assert cost_of(TokenCounts(10, 20), PricingTerms(None, 1_000)) == InvocationCost(context_utilization=0.03)
    assert cost_of(TokenCounts(10, 20), PricingTerms(None, None)) == NO_COST
