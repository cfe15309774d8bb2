"""The models that calls go to: real ones, with the ids of genai-prices.

The mix depends on the time of the call, so that a trace of 2023 is not answered by models of later years.
Its weights are our assumption, because no public trace contains them: a few models get most calls, cheap ones more
than expensive ones. ``ms_per_token`` is an assumption, too: time for each generated token, in the range that
public benchmarks of hosted models show.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import NamedTuple

from genai_prices.data import providers


class ModelChoice(NamedTuple):
    """A model that calls go to. ``weight`` is relative; ``ms_per_token`` is the median per generated token."""

    provider: str
    model_id: str
    weight: float
    ms_per_token: float
    caches_prompts: bool


MODELS_OF_2023: Sequence[ModelChoice] = (
    ModelChoice("openai", "gpt-3.5-turbo-16k", 38, 14, caches_prompts=False),
    ModelChoice("openai", "gpt-4", 24, 42, caches_prompts=False),
    ModelChoice("openai", "gpt-3.5-turbo-1106", 14, 12, caches_prompts=False),
    ModelChoice("openai", "gpt-4-turbo", 10, 33, caches_prompts=False),
    ModelChoice("anthropic", "claude-2", 8, 28, caches_prompts=False),
    ModelChoice("openai", "gpt-4-32k", 4, 45, caches_prompts=False),
    ModelChoice("mistral", "mistral-tiny", 2, 9, caches_prompts=False),
)
MODELS_OF_2026: Sequence[ModelChoice] = (
    ModelChoice("openai", "gpt-5.4-mini", 24, 7, caches_prompts=True),
    ModelChoice("anthropic", "claude-sonnet-4-6", 20, 15, caches_prompts=True),
    ModelChoice("google", "gemini-2.5-flash", 16, 5, caches_prompts=True),
    ModelChoice("openai", "gpt-5.4", 12, 18, caches_prompts=True),
    ModelChoice("anthropic", "claude-haiku-4-5", 11, 8, caches_prompts=True),
    ModelChoice("anthropic", "claude-opus-4-6", 6, 22, caches_prompts=True),
    ModelChoice("deepseek", "deepseek-v4-flash", 5, 16, caches_prompts=True),
    ModelChoice("mistral", "mistral-medium-3-5", 4, 12, caches_prompts=True),
    ModelChoice("x-ai", "grok-code-fast-1", 2, 6, caches_prompts=True),
)
UNKNOWN_MS_PER_TOKEN = 15.0


def _epoch_ms(year: int) -> float:
    return datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000


MIXES: Sequence[tuple[float, Sequence[ModelChoice]]] = ((0.0, MODELS_OF_2023), (_epoch_ms(2025), MODELS_OF_2026))
"""Each mix with its start in milliseconds since the epoch, in ascending order."""


def mix_at(timestamp: float) -> Sequence[ModelChoice]:
    """Return the mix that is valid at ``timestamp`` (milliseconds since the epoch)."""
    return MIXES[bisect_right(MIXES, timestamp, key=lambda since: since[0]) - 1][1]


def choose(random: Random, timestamp: float) -> ModelChoice:
    """Draw a model by weight from the mix at ``timestamp``."""
    mix = mix_at(timestamp)
    return random.choices(mix, weights=[each.weight for each in mix])[0]


@cache
def named(model_id: str, provider: str | None) -> ModelChoice:
    """Return the choice for a model that the trace names.

    If the trace names no provider: the maker of a model in the mixes, else the first provider that
    genai-prices lists for a model of that id, else ``unknown``.
    """
    for _, mix in MIXES:
        for each in mix:
            if each.model_id == model_id and provider in {None, each.provider}:
                return each
    serving = (each.id for each in providers if any(model.id == model_id for model in each.models))
    return ModelChoice(provider or next(serving, "unknown"), model_id, 0, UNKNOWN_MS_PER_TOKEN, caches_prompts=False)
