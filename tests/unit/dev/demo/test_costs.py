from decimal import Decimal

from workers.dev.demo.steps.costs import compare_costs
from workers.dev.sample.calls.call import Call
from workers.dev.sample.calls.source import Source
from workers.dev.sample.calls.spellings import EVERY, SPELLINGS, with_spellings
from workers.dev.sample.records.costs import expected_costs
from workers.dev.sample.stream import telemetry
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.usage import Usage

JANUARY_2026 = 1_767_225_600_000.0
ONE, OTHER = ("t", "1"), ("t", "2")


def test_every_call_must_have_its_exact_cost() -> None:
    expected = {ONE: Decimal("0.001"), OTHER: None}
    assert compare_costs(expected, {ONE: "0.00100000", OTHER: None}) == [
        ("cost_usd in micro-cents", 100_000, 100_000),
        ("calls at their exact cost", 2, 2),
    ]
    assert [found for _, _, found in compare_costs(expected, {ONE: "0.00100001"})] == [100_001, 1]
    assert [found for _, _, found in compare_costs(expected, {ONE: None, OTHER: "0.00000000"})] == [0, 0]


def test_the_traffic_has_every_spelling_and_long_prompts() -> None:
    calls = [Call(JANUARY_2026 + 1_000 * number, 100, 10) for number in range(EVERY * len(SPELLINGS))]
    spelled = list(with_spellings(Source(calls, "test", "test")).calls)
    named = [call for call in spelled if call.model_id is not None]
    assert {(call.provider, call.model_id) for call in named} == {each[:2] for each in SPELLINGS}
    assert sorted(call.prompt_tokens for call in named)[-3:] == [200_000, 250_000, 300_000]
    assert [call for call in spelled if call.model_id is None] == [
        call for number, call in enumerate(calls, start=1) if number % EVERY
    ]


def test_the_expected_costs_are_those_of_published_prices() -> None:
    calls = [
        Call(JANUARY_2026, 300_000, 2_000, "models/gemini-2.5-pro", "gcp.gemini"),
        Call(JANUARY_2026, 1_000, 100, "our-deployment", "azure"),
        Call(JANUARY_2026, 1_000, 100, "ft:gpt-4o-mini:acme::7p4lURel", "openai"),
    ]
    costs = expected_costs(telemetry(calls, source="test", seed=1))
    assert sorted(costs.values(), key=str) == [Decimal("0.00042"), Decimal("0.78"), None]


def test_a_model_that_only_the_user_knows_is_no_error_and_not_compared() -> None:
    calls = [Call(JANUARY_2026, 1_000, 100, "our-own"), Call(JANUARY_2026, 1_000, 100, "gpt-4o", "openai")]
    assert list(expected_costs(telemetry(calls, source="test", seed=1)).values()) == [Decimal("0.0035")]


def test_the_worker_prices_every_spelling_alike() -> None:
    book = Catalogue()
    for provider, model_id, meant, *_ in SPELLINGS:
        terms = book.terms(provider, model_id, int(JANUARY_2026))
        assert (terms.tariff is None) == (meant is None)
        if terms.tariff and meant:
            same = book.terms(*meant, int(JANUARY_2026)).tariff
            assert same
            assert terms.tariff.cost(Usage(300_000, 10)) == same.cost(Usage(300_000, 10))
