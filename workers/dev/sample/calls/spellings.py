"""Calls under the names that gateways and SDKs send, and with everything that a bill depends on.

The Azure trace has no such names, no long prompts, no cached, cache-write or reasoning tokens, and no service tiers.
So every ``EVERY``-th call goes to one of ``SPELLINGS``, in turn; the others stay.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workers.dev.sample.calls.call import Billing, Call
from workers.dev.sample.calls.source import Source

EVERY = 25
TIERED = "gpt-6.1-terra"
"""A model whose service tiers have had prices of their own from its first day: the Azure trace is of 2023."""
BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


class Spelling(NamedTuple):
    """The provider and the model as a call names them, and who is meant, in names that genai-prices knows itself.

    ``prompt_tokens`` replaces the trace's number. Nobody knows ``meant`` where it is ``None``.
    """

    provider: str
    model_id: str
    meant: tuple[str, str] | None
    prompt_tokens: int | None = None
    billing: Billing = Billing()


CACHED_BEDROCK = Billing(cached=0.6, written=0.2, convention="anthropic")
CACHED_CLAUDE = Billing(cached=0.9, written=0.05, convention="anthropic", is_declared=True)
CACHED_OPENAI = Billing(cached=0.5, thought=0.2, is_declared=True)
THINKING_GEMINI = Billing(cached=0.3, thought=0.4, convention="gemini", is_declared=True)
SPELLINGS = (
    Spelling("azure.ai.openai", "gpt-4o-2024-08-06", ("azure", "gpt-4o"), billing=Billing(cached=0.5)),
    Spelling("az.ai.openai", "gpt-4o", ("azure", "gpt-4o")),
    Spelling("litellm", "azure/gpt-4o-mini", ("azure", "gpt-4o-mini")),
    Spelling("azure", "our-deployment", None),
    Spelling("azure", "our-billed-deployment", None, billing=Billing(reported_cost_usd=0.0123)),
    Spelling("OpenAI", "openai/gpt-4o", ("openai", "gpt-4o")),
    Spelling("openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o"), billing=CACHED_OPENAI),
    Spelling("openai", "ft:gpt-4o-mini:acme::7p4lURel", ("openai", "ft:gpt-4o-mini-2024-07-18:acme::7p4lURel")),
    Spelling(*("openrouter", "openai/gpt-4o", ("openrouter", "openai/gpt-4o")), billing=Billing(reported_cost_usd=0.5)),
    Spelling("gcp.gemini", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro"), 300_000, THINKING_GEMINI),
    Spelling(
        *("google", "gemini-2.5-pro", ("google", "gemini-2.5-pro"), 200_000),
        THINKING_GEMINI._replace(is_declared=False),
    ),
    Spelling("anthropic", "claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5"), 250_000, CACHED_CLAUDE),
    Spelling("aws.bedrock", BEDROCK, ("aws", BEDROCK), 12_000, CACHED_BEDROCK),
    Spelling("bedrock", f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{BEDROCK}", ("aws", BEDROCK)),
    *(
        Spelling("openai", TIERED, ("openai", TIERED), billing=Billing(cached=0.25, service_tier=tier))
        for tier in ("batch", "flex", "priority")
    ),
)
MEANT = {(each.provider, each.model_id): each.meant for each in SPELLINGS}
UNDECLARED = {
    (each.provider, each.model_id): each.billing.convention for each in SPELLINGS if not each.billing.is_declared
}
"""How the calls of a name count their tokens, where only the numbers show it."""


def with_spellings(source: Source) -> Source:
    """Return the source with some of its calls under other names."""
    return source._replace(calls=list(_spelled(source.calls)), name=f"{source.name}/spelled and billed")


def _spelled(calls: Iterable[Call]) -> Iterator[Call]:
    for number, call in enumerate(calls, start=1):
        turn, is_other = divmod(number, EVERY)
        if is_other or call.model_id is not None:
            yield call
        else:
            provider, model_id, _, prompt_tokens, billing = SPELLINGS[turn % len(SPELLINGS)]
            sent_as = call._replace(provider=provider, model_id=model_id, billing=billing)
            yield sent_as._replace(prompt_tokens=prompt_tokens or call.prompt_tokens)
