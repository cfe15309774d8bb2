import pytest
from msgspec.structs import replace

from workers.telemetry.enrich import NO_USAGE, UNKNOWN, Card, Cost, Tariff, Usage, usage
from workers.telemetry.model import Invocation, Tokens
from workers.telemetry.span import Named, Span

END = Invocation("m", "p", None, None, None, None, "SUCCESS", 30, 1.0, 10, 20)
TOKENS = Tokens("m", "p", 11, 22, 3, 4, 33)


class Book:
    """Knows one model; its tariff shows what it was asked."""

    def tariff(self, provider: str, model_id: str, timestamp: int) -> Tariff | None:
        return Shown() if (provider, model_id, timestamp) == ("p", "m", 5) else None

    def card(self, model_id: str) -> Card:
        return Card("M", 1_000) if model_id == "m" else UNKNOWN


class Shown:
    """A tariff that counts one dollar for each token."""

    def cost(self, prompt: int, completion: int, cached: int, reasoning: int) -> Cost:
        return Cost(float(prompt + completion), f"{prompt} {completion} {cached} {reasoning}")


def test_token_events_win_over_the_terminal_event() -> None:
    span = Span("s", "e", timestamp=5, end=END, tokens=TOKENS)
    assert usage(span, Book()) == Usage(11, 22, 3, 4, 33, 33.0, "11 22 3 4", 0.033)


def test_without_a_token_event_the_terminal_event_counts() -> None:
    span = Span("s", "e", timestamp=5, end=END)
    assert usage(span, Book()) == Usage(10, 20, None, None, None, 30.0, "10 20 0 0", 0.03)


@pytest.mark.parametrize("half", [replace(END, prompt_tokens=None), replace(END, completion_tokens=None)])
def test_half_a_count_has_no_price(half: Invocation) -> None:
    span = Span("s", "e", timestamp=5, end=half)
    assert usage(span, Book())[5:] == (None, None, None)


def test_an_unknown_model_has_no_price_and_no_window() -> None:
    span = Span("s", "e", timestamp=5, end=replace(END, model_id="other"))
    assert usage(span, Book()) == Usage(10, 20, None, None, None)


def test_a_span_that_has_not_ended_has_used_nothing_yet() -> None:
    assert usage(Span("s", "e", timestamp=5, first=Named("m", "p")), Book()) == NO_USAGE


def test_the_price_is_the_one_at_the_time_of_the_invocation() -> None:
    assert usage(Span("s", "e", timestamp=6, end=END), Book()).cost_usd is None
