"""What a call's names of provider and model can mean.

Telemetry names them in many ways: ``azure.ai.openai`` is OpenTelemetry's name of ``azure``, LiteLLM writes the provider
before the model (``azure/gpt-4o``), Google's SDK says ``models/gemini-2.5-pro``, Bedrock sends ARNs. genai-prices has
rules for providers and models; here is what must be done to a name before they apply.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from genai_prices.data import providers
from genai_prices.data_snapshot import find_provider_by_id
from genai_prices.types import Provider

from workers.pipelines.telemetry.limits import MAX_PRICED_MODELS

# In this order, before the rules of genai-prices: these would take Azure's OpenAI for OpenAI, and Bedrock's Anthropic
# for Anthropic, whose prices differ.
SELLERS = (
    (re.compile(r"bedrock"), "aws"),
    (re.compile(r"vertex"), "google"),
    (re.compile(r"^az(ure)?($|[^a-z])|^azure"), "azure"),
)
# Names that the rules of genai-prices do not know, without their punctuation.
SPELLINGS = {
    "gcpgenai": "google",
    "xai": "x-ai",
    "fireworksai": "fireworks",
    "togetherai": "together",
    "perplexityai": "perplexity",
    "deepseekai": "deepseek",
    "mistralai": "mistral",
    "codestral": "mistral",
    "groqcloud": "groq",
    "novitaai": "novita",
    "minimaxai": "minimax",
}
FINE_TUNED = re.compile(r"^(ft:[^:]+):")
MOST_PREFIXES = 3
"""How many providers a name can have before the model's: LiteLLM's proxy of OpenRouter has two."""


@lru_cache(MAX_PRICED_MODELS)
def seller(provider: str) -> str:
    """Return genai-prices' id of a provider; where nothing knows the name, the name in lower case."""
    name = provider.strip().lower()
    known = _by_id().get(name) or next((_by_id()[each] for rule, each in SELLERS if rule.search(name)), None)
    spelled = SPELLINGS.get(re.sub(r"[^a-z0-9]", "", name))
    known = known or (_by_id()[spelled] if spelled else find_provider_by_id(providers, name))
    return known.id if known else name


def is_known(provider: str) -> bool:
    """Tell whether genai-prices has this id of a provider."""
    return provider in _by_id()


@lru_cache(MAX_PRICED_MODELS)
def meanings(provider: str, name: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of seller and name that the names of a call can mean, the most likely one first."""
    return tuple(dict.fromkeys(_meanings(seller(provider), name.strip())))


def _meanings(sold_by: str, name: str, prefixes: int = MOST_PREFIXES) -> Iterator[tuple[str, str]]:
    yield sold_by, name
    before, slash, rest = name.partition("/")
    named = seller(before) if slash and rest and prefixes else None
    if named and (named == sold_by or (is_known(named) and not _sells_makers_names(sold_by))):
        yield from _meanings(named, rest, prefixes - 1)
    yield from ((sold_by, each) for each in _shorter(sold_by, name))


def _shorter(sold_by: str, name: str) -> Iterator[str]:
    """Yield the name without what is around it. A fine-tuned model is never its base, whose price is another one."""
    if fine_tuned := FINE_TUNED.match(name.lower()):
        yield fine_tuned[1]
        yield fine_tuned[1] + "-"  # some rules want the beginning of the base's date
    elif "/" in name and not _sells_makers_names(sold_by):
        yield name.rpartition("/")[2]


@lru_cache(MAX_PRICED_MODELS)
def _sells_makers_names(provider: str) -> bool:
    """Tell whether this provider's own names of models contain makers, as OpenRouter's ``openai/gpt-4o`` does."""
    known = _by_id().get(provider)
    return known is not None and any("/" in model.id for model in known.models)


@lru_cache(1)
def _by_id() -> dict[str, Provider]:
    return {each.id: each for each in providers}
