from typing import Any

from workers.ops.doctor.finding import State
from workers.ops.doctor.price_checks import judge_prices


def row(provider: str, why: str | None, calls: int) -> dict[str, Any]:
    return {"provider": provider, "why": why, "calls": calls}


def test_calls_without_a_price_are_counted_by_provider_and_reason() -> None:
    found = judge_prices([row("openai", None, 8_000), row("azure", "nobody knows it", 24), row("acme", "no price", 1)])
    assert found.state is State.OK
    assert found.message == (
        "25 of the latest 8,025 calls have no price: azure: nobody knows it (24); acme: no price (1); "
        "see UnpricedCalls in the runbook"
    )


def test_of_many_reasons_the_most_frequent_are_shown() -> None:
    assert "(7); and 2 more" in judge_prices([row(f"p{number}", "why", 9 - number) for number in range(5)]).message


def test_without_such_calls_it_says_so() -> None:
    assert judge_prices([row("openai", None, 3)]).message == "all of the latest 3 calls that can be priced have a price"
