"""How each provider counts, by its published documentation, and what the inclusive form of it is."""

import pytest
from msgspec.structs import replace

from workers.pipelines.telemetry.events import Billing, Invocation, Tokens
from workers.pipelines.telemetry.fold.span import NamedModel, Span
from workers.pipelines.telemetry.limits import MAX_LONG
from workers.pipelines.telemetry.tokens.conventions import NO_COUNTS, Convention, TokenCounts, inclusive
from workers.pipelines.telemetry.tokens.used import Conventions, Used, used_by
from workers.pipelines.telemetry.usage import Usage

ANTHROPIC = TokenCounts(10, 100, 50_000, 2_000, None, 110)
"""Anthropic's Messages API: input_tokens has neither cache_read_input_tokens nor cache_creation_input_tokens."""
GEMINI = TokenCounts(1_000, 50, 200, None, 300, 1_350)
"""Google's usageMetadata: candidatesTokenCount has no thoughtsTokenCount, totalTokenCount has both."""
OPENAI = TokenCounts(1_000, 400, 200, None, 300, 1_400)
"""OpenAI's usage: prompt_tokens has cached_tokens, completion_tokens has reasoning_tokens."""
END = Invocation("m", "Anthropic", None, None, None, None, "SUCCESS", 30, 1.0, 10, 20)


def tokens(sent: TokenCounts, billing: Billing | None = None) -> Tokens:
    prompt, completion, cached, cache_write, reasoning, total, _ = sent
    assert None not in (prompt, completion, total)
    return Tokens("m", "Anthropic", prompt or 0, completion or 0, cached, reasoning, total or 0, cache_write, billing)


def span(sent: TokenCounts, billing: Billing | None = None, end: Invocation | None = None) -> Span:
    return Span("s", "e", timestamp=5, tokens=tokens(sent, billing), first=NamedModel("m", "Anthropic"), end=end)


def says(convention: str | None = None, tier: str | None = None, reported: float | None = None) -> Billing:
    return Billing(tier, convention, reported)


@pytest.mark.parametrize(
    ("sent", "counted"),
    [
        (ANTHROPIC, TokenCounts(52_010, 100, 50_000, 2_000, None, 52_110, "anthropic")),
        (ANTHROPIC._replace(total_tokens=52_110), TokenCounts(52_010, 100, 50_000, 2_000, None, 52_110, "anthropic")),
        (ANTHROPIC._replace(total_tokens=0), TokenCounts(52_010, 100, 50_000, 2_000, None, 52_110, "anthropic")),
        (TokenCounts(60, 40, 50, None, None, 150), TokenCounts(110, 40, 50, None, None, 150, "anthropic")),
        (GEMINI, TokenCounts(1_000, 350, 200, None, 300, 1_350, "gemini")),
        (GEMINI._replace(total_tokens=0), TokenCounts(1_000, 350, 200, None, 300, 1_350, "gemini")),
        (TokenCounts(1_000, 350, 0, None, 300, 1_650), TokenCounts(1_000, 650, 0, None, 300, 1_650, "gemini")),
        (OPENAI, OPENAI),
        (OPENAI._replace(total_tokens=0), OPENAI._replace(total_tokens=0)),
        (TokenCounts(10, 20), TokenCounts(10, 20)),
        (TokenCounts(10, None), TokenCounts(10, None)),
        (NO_COUNTS, NO_COUNTS),
    ],
)
def test_auto_finds_the_one_way_of_counting_that_the_numbers_do_not_contradict(
    sent: TokenCounts, counted: TokenCounts
) -> None:
    assert inclusive(sent, Convention.AUTO) == counted


@pytest.mark.parametrize(
    "sent",
    [
        TokenCounts(10, 5, 50, None, 70, 15),  # both parts are larger than their wholes
        TokenCounts(10, 5, None, None, None, 14),  # a total that is too small
        TokenCounts(10, 5, 4, None, 3, 100),  # one that nothing explains
        TokenCounts(100, 50, 30, None, 30, 180),  # 30 more: the cached ones, or the reasoning ones
        TokenCounts(MAX_LONG, 5, MAX_LONG, 1, None, 0),  # more than a 64-bit integer
    ],
)
def test_counts_that_fit_no_one_way_are_kept_as_sent_and_have_no_price(sent: TokenCounts) -> None:
    counted = inclusive(sent, Convention.AUTO)
    assert counted == sent._replace(token_convention="contradictory")
    assert Used(counted).usage() is None


@pytest.mark.parametrize(
    ("sent", "declared", "counted"),
    [
        (OPENAI, "inclusive", OPENAI._replace(token_convention="inclusive")),
        (TokenCounts(60, 40, 50, 5, None, 100), "anthropic", TokenCounts(115, 40, 50, 5, None, 155, "anthropic")),
        (TokenCounts(60, 40, None, None, 9, 100), "gemini", TokenCounts(60, 49, None, None, 9, 109, "gemini")),
        (TokenCounts(60, 40), "anthropic", TokenCounts(60, 40, token_convention="anthropic")),
        (ANTHROPIC, "inclusive", ANTHROPIC._replace(token_convention="contradictory")),
        (GEMINI, "anthropic", GEMINI._replace(token_convention="contradictory")),
    ],
)
def test_a_declared_way_counts_unless_the_numbers_contradict_it(
    sent: TokenCounts, declared: str, counted: TokenCounts
) -> None:
    assert inclusive(sent, Convention(declared)) == counted


def test_token_events_win_over_the_terminal_event() -> None:
    assert used_by(span(OPENAI, end=END), {}) == Used(OPENAI)
    assert used_by(Span("s", "e", timestamp=5, end=END), {}) == Used(TokenCounts(10, 20))
    assert used_by(Span("s", "e", timestamp=5, first=NamedModel("m", "p")), {}) == Used(NO_COUNTS)


def test_the_token_event_declares_then_the_end_then_the_start_then_the_option() -> None:
    sent, option = TokenCounts(60, 40, 10, None, 20, 100), {"anthropic": Convention.ANTHROPIC}

    def prompt_and_completion(conventions: Conventions, *said: str | None) -> tuple[int | None, int | None]:
        by_tokens, by_end, by_start = (says(each) if each else None for each in said)
        call = span(sent, by_tokens)
        call.end = replace(END, billing=by_end)
        call.start = replace(END, status=None, billing=by_start)
        return used_by(call, conventions).counts[:2]

    assert prompt_and_completion({}, None, None, None) == (60, 40)
    assert prompt_and_completion(option, None, None, None) == (70, 40)
    assert prompt_and_completion(option, None, None, "gemini") == (60, 60)
    assert prompt_and_completion(option, None, "inclusive", "gemini") == (60, 40)
    assert prompt_and_completion({}, "anthropic", "inclusive", "gemini") == (70, 40)
    assert prompt_and_completion(option, "auto", None, None) == (60, 40)


def test_tier_and_bill_are_those_of_the_latest_word() -> None:
    call = span(OPENAI, says(reported=0.0))
    call.end = replace(END, billing=says(None, "batch", 0.5))
    used = used_by(call, {})
    assert (used.service_tier, used.reported) == ("batch", 0.0)
    assert used.usage() == Usage(1_000, 400, 200, 0, 300, "batch")
