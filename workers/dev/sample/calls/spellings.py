"""Calls under the names that gateways and SDKs send, and prompts that are long enough for another price.

The Azure trace has neither. So every ``EVERY``-th call goes to one of ``SPELLINGS``, in turn; the others stay.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workers.dev.sample.calls.call import Call
from workers.dev.sample.calls.source import Source

EVERY = 25
BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


class Spelling(NamedTuple):
    """The provider and the model as a call names them, and who is meant, in names that genai-prices knows itself.

    ``prompt_tokens`` replaces the trace's number. Nobody knows ``meant`` where it is ``None``.
    """

    provider: str
    model_id: str
    meant: tuple[str, str] | None
    prompt_tokens: int | None = None


SPELLINGS = (
    Spelling("azure.ai.openai", "gpt-4o-2024-08-06", ("azure", "gpt-4o")),
    Spelling("az.ai.openai", "gpt-4o", ("azure", "gpt-4o")),
    Spelling("litellm", "azure/gpt-4o-mini", ("azure", "gpt-4o-mini")),
    Spelling("azure", "our-deployment", None),
    Spelling("OpenAI", "openai/gpt-4o", ("openai", "gpt-4o")),
    Spelling("openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o")),
    Spelling("openai", "ft:gpt-4o-mini:acme::7p4lURel", ("openai", "ft:gpt-4o-mini-2024-07-18:acme::7p4lURel")),
    Spelling("openrouter", "openai/gpt-4o", ("openrouter", "openai/gpt-4o")),
    Spelling("gcp.gemini", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro"), 300_000),
    Spelling("google", "gemini-2.5-pro", ("google", "gemini-2.5-pro"), 200_000),
    Spelling("anthropic", "claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5"), 250_000),
    Spelling("aws.bedrock", BEDROCK, ("aws", BEDROCK)),
    Spelling("bedrock", f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{BEDROCK}", ("aws", BEDROCK)),
)
MEANT = {(each.provider, each.model_id): each.meant for each in SPELLINGS}


def with_spellings(source: Source) -> Source:
    """Return the source with some of its calls under other names."""
    return source._replace(calls=list(_spelled(source.calls)), name=f"{source.name}/spelled")


def _spelled(calls: Iterable[Call]) -> Iterator[Call]:
    for number, call in enumerate(calls, start=1):
        turn, is_other = divmod(number, EVERY)
        if is_other or call.model_id is not None:
            yield call
        else:
            provider, model_id, _, prompt_tokens = SPELLINGS[turn % len(SPELLINGS)]
            yield call._replace(provider=provider, model_id=model_id, prompt_tokens=prompt_tokens or call.prompt_tokens)
