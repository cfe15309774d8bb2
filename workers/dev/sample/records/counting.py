"""The tokens of a call as its provider counts them. Nothing is random here, so that a seed keeps its records."""

from collections.abc import Mapping
from typing import Any

from workers.dev.sample.calls.call import Billing
from workers.dev.sample.calls.spellings import UNDECLARED
from workers.dev.sample.records.span import Span

CONVENTIONS = {"anthropic": "anthropic", "google": "gemini"}
"""Providers whose counts leave something out: the cached part of the prompt, or what the model thought."""
WRITTEN_SHARE = 0.6
"""What the first call of a trace writes to the cache, for those after it."""
THOUGHT_SHARE = 0.35


def counted(span: Span) -> dict[str, Any]:
    """Return the own fields of the span's token event."""
    billing = span.call.billing
    return _of_provider(span) if billing is None else _billed(span, billing)


def convention_of(fields: Mapping[str, Any]) -> str:
    """Return the way of counting of a token event: the declared one, or that of the calls of this name."""
    undeclared = UNDECLARED.get((fields["provider"], fields["model_id"]), "inclusive")
    return fields.get("token_convention") or undeclared


def _billed(span: Span, billing: Billing) -> dict[str, Any]:
    call = span.call
    cached, written = int(call.prompt_tokens * billing.cached), int(call.prompt_tokens * billing.written)
    thought = int(call.completion_tokens * billing.thought)
    return _sent(span, cached, written, thought, billing.convention) | {
        "token_convention": billing.convention if billing.is_declared else None,
        "service_tier": billing.service_tier,
        "reported_cost_usd": billing.reported_cost_usd,
    }


def _of_provider(span: Span) -> dict[str, Any]:
    call = span.call
    convention = CONVENTIONS.get(span.model.provider) if span.model.caches_prompts else None
    written, thought = None, None
    if convention == "anthropic":
        written = int(call.prompt_tokens * WRITTEN_SHARE) if span.parent is None else 0
    elif convention == "gemini":
        thought = int(call.completion_tokens * THOUGHT_SHARE)
    return _sent(span, span.cached_tokens, written, thought, convention)


def _sent(
    span: Span, cached: int | None, written: int | None, thought: int | None, convention: str | None
) -> dict[str, Any]:
    """Return the counts without what the convention leaves out."""
    prompt, completion = span.call.prompt_tokens, span.call.completion_tokens
    if convention == "anthropic":
        prompt -= (written or 0) + (cached or 0)
    elif convention == "gemini":
        completion -= thought or 0
    beside = (thought or 0) if convention == "gemini" else 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "cached_tokens": cached,
        "cache_write_tokens": written,
        "reasoning_tokens": thought,
        "total_tokens": prompt + completion + beside,  # Google's total has the thoughts; Anthropic sends none
        "token_convention": convention,
    }
