"""What the registry's prices of all categories, tiers and variants come to, against a model of the contract."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.naive_registry_join import Row, naive_cost, naive_row
from tests.model.registry_history import registry_history
from tests.unit.pipelines.telemetry.test_history import BEGINS, made
from workers.pipelines.telemetry.cost import cost_of
from workers.pipelines.telemetry.tokens.conventions import TokenCounts
from workers.pipelines.telemetry.tokens.used import Used

HOUR_MS = 3_600_000
SIZES = (0, 9, 10, 999, 1_000, 50_001, 200_001)


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_call_costs_what_the_registry_says_of_its_parts_its_size_its_service_tier_and_its_time(
    random: Random,
) -> None:
    rows = registry_history(random, ("m1", "m2"), BEGINS, HOUR_MS, ("acme",), hours=True)
    at, service_tier = BEGINS + HOUR_MS * random.randint(0, 30), random.choice((None, "batch", "flex", "priority"))
    prompt, completion = random.choice(SIZES), random.choice((0, 7, 100))
    cached = random.randint(0, prompt)
    counted = TokenCounts(prompt, completion, cached, random.randint(0, prompt - cached), random.randint(0, completion))
    row, terms = naive_row(rows, "acme", "m1", None, at), made(*rows).terms("acme", "m1", at, service_tier)
    assert (row is None) == (terms is None)
    if row and terms:
        exact = cost_of(Used(counted, service_tier), terms).cost_usd_exact
        assert (exact and Decimal(exact)) == naive_cost(row, counted._asdict(), at, service_tier)


@pytest.mark.parametrize(
    ("prompt", "service_tier", "usd"),
    [
        (100, None, "0.1"),
        (101, None, "0.202"),
        (100, "batch", "0.1"),
        (101, "batch", "0.202"),
        (1_001, "batch", "0.5005"),
    ],
)
def test_below_the_first_step_of_a_variant_the_rows_price_holds(
    prompt: int, service_tier: str | None, usd: str
) -> None:
    steps = '{"input": [{"above_tokens": %s, "per_1k_tokens": "%s"}]}'
    variants = f'[{{"service_tier": "batch", "price_tiers": {steps % (1_000, "0.5")}}}]'
    prices = ("1", "0", None, None, None, None, None, None, steps % (100, "2"), variants)
    terms = made(Row("m", "p", (), 0, None, None, None, prices)).terms("p", "m", 0, service_tier)
    assert terms
    assert Decimal(cost_of(Used(TokenCounts(prompt, 0), service_tier), terms).cost_usd_exact or 0) == Decimal(usd)
