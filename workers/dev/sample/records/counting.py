"""The tokens of a call as its provider counts them. Nothing is random here, so that a seed keeps its records."""

from typing import Any

from workers.dev.sample.records.span import Span

CONVENTIONS = {"anthropic": "anthropic", "google": "gemini"}
"""Providers whose counts leave something out: the cached part of the prompt, or what the model thought."""
WRITTEN_SHARE = 0.6
"""What the first call of a trace writes to the cache, for those after it."""
THOUGHT_SHARE = 0.35


def counted(span: Span) -> dict[str, Any]:
    """Return the own fields of the span's token event."""
    call, cached = span.call, span.cached_tokens
    convention = CONVENTIONS.get(span.model.provider) if span.model.caches_prompts else None
    prompt, completion, written, thought = call.prompt_tokens, call.completion_tokens, None, None
    if convention == "anthropic":
        written = int(prompt * WRITTEN_SHARE) if span.parent is None else 0
        prompt -= written + (cached or 0)
    elif convention == "gemini":
        thought = int(completion * THOUGHT_SHARE)
        completion -= thought
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "cached_tokens": cached,
        "cache_write_tokens": written,
        "reasoning_tokens": thought,
        "total_tokens": prompt + completion + (thought or 0),  # Google's total has the thoughts; Anthropic sends none
        "token_convention": convention,
    }
