"""How providers count tokens, and how all of them become one form: the inclusive one.

``inclusive``  the prompt includes cached and cache-write tokens, the completion includes reasoning (OpenAI)
``anthropic``  the prompt excludes cached and cache-write tokens (Anthropic, Bedrock)
``gemini``     the completion excludes reasoning, which Google calls thoughts
"""

from enum import StrEnum
from typing import NamedTuple

from workers.pipelines.telemetry.limits import MAX_LONG


class Convention(StrEnum):
    """A way of counting; ``auto`` is whichever one the numbers do not contradict."""

    INCLUSIVE = "inclusive"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    AUTO = "auto"


EXCLUSIVE = (Convention.ANTHROPIC, Convention.GEMINI)
CONTRADICTORY = "contradictory"
"""Instead of a convention: the counts are as sent, and contradict the declared convention, or every one."""


class TokenCounts(NamedTuple):
    """Tokens of a call; ``None`` where no event says it.

    ``token_convention`` says in which form the counts came, if an event or an option has declared it or if they had to
    be changed; or ``CONTRADICTORY``.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None
    token_convention: str | None = None


NO_COUNTS = TokenCounts()


def inclusive(sent: TokenCounts, declared: Convention) -> TokenCounts:
    """Return the counts in the inclusive form. A count of the prompt or the completion alone is returned as sent."""
    if sent.prompt_tokens is None or sent.completion_tokens is None:
        return sent
    if declared is not Convention.AUTO:
        return _read_as(declared, sent)
    if not any(sent[2:6]) or _fits(sent):  # without parts and a total nothing can contradict
        return sent
    fitting = [each for each in EXCLUSIVE if _fits(sent, *_excluded(each, sent))]
    return _read_as(fitting[0], sent) if len(fitting) == 1 else sent._replace(token_convention=CONTRADICTORY)


def _fits(sent: TokenCounts, outside: int = 0, beside: int = 0) -> bool:
    """Tell whether no part is larger than its whole, and the total is the sum, with or without what is excluded.

    A total of 0 says nothing: the field is required, and many SDKs have no total.
    """
    prompt, completion, cached, cache_write, reasoning, total, _ = sent
    if not outside and (cached or 0) + (cache_write or 0) > (prompt or 0):
        return False
    if not beside and (reasoning or 0) > (completion or 0):
        return False
    least = (prompt or 0) + (completion or 0)
    return not total or total in {least, least + outside + beside}


def _excluded(convention: Convention, sent: TokenCounts) -> tuple[int, int]:
    """Return how many tokens are not in the prompt, and how many are not in the completion."""
    if convention is Convention.ANTHROPIC:
        return (sent.cached_tokens or 0) + (sent.cache_write_tokens or 0), 0
    return 0, (sent.reasoning_tokens or 0) if convention is Convention.GEMINI else 0


def _read_as(convention: Convention, sent: TokenCounts) -> TokenCounts:
    outside, beside = _excluded(convention, sent)
    prompt, completion = (sent.prompt_tokens or 0) + outside, (sent.completion_tokens or 0) + beside
    if not _fits(sent, outside, beside) or prompt + completion > MAX_LONG:
        return sent._replace(token_convention=CONTRADICTORY)
    total = sent.total_tokens if not outside and not beside else prompt + completion
    return sent._replace(
        prompt_tokens=prompt, completion_tokens=completion, total_tokens=total, token_convention=str(convention)
    )
