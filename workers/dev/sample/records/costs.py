"""What the calls of some records cost, computed by genai-prices alone: none of the worker's code is used."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from workers.dev.sample.calls.spellings import MEANT
from workers.dev.sample.records.counting import convention_of
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import INVOCATION, TOKENS, Sampled

SpanKey = tuple[str, str]
"""trace_id and span_id."""
PRICE_CONTEXTS = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
"""Service tiers as events name them, and as genai-prices does."""


def expected_costs(items: Iterable[Sampled | Poison]) -> dict[SpanKey, Decimal | None]:
    """Return the US dollars of each call; ``None`` where nobody knows it. Bad records count nothing.

    Calls are left out whose name genai-prices does not know, and is no spelling: those of a user's own file.
    """
    started: dict[SpanKey, Mapping[str, Any]] = {}
    used: dict[SpanKey, Mapping[str, Any]] = {}
    for item in items:
        if isinstance(item, Sampled) and item.record_name in {INVOCATION, TOKENS}:
            span = (item.key, item.fields["span_id"])
            if item.fields["event_type"] == "llm.invocation.start":
                started[span] = item.fields
            elif item.record_name == TOKENS:
                used[span] = item.fields
    return {span: _usd(start, used[span]) for span, start in started.items() if _is_known(start)}


def _is_known(start: Mapping[str, Any]) -> bool:
    """Tell whether genai-prices alone says what the name means; for others, of a user's own file, only a worker may."""
    named = start["provider"], start["model_id"]
    if named in MEANT:
        return True
    try:
        get_snapshot().find_provider_model(named[1], None, named[0], None)
    except LookupError:
        return False
    return True


def _usd(start: Mapping[str, Any], used: Mapping[str, Any]) -> Decimal | None:
    """Return the cost at the start of the call; where nobody knows the model, what was reported."""
    named = start["provider"], start["model_id"]
    meant = MEANT.get(named, named)
    if meant is None:
        reported = used.get("reported_cost_usd")
        return None if reported is None else Decimal(repr(reported))
    provider, model = meant
    at = datetime.fromtimestamp(start["timestamp"] / 1000, UTC)
    context = PRICE_CONTEXTS.get(used.get("service_tier") or "")
    price = calc_price(_usage(used), model, provider_id=provider, genai_request_timestamp=at, price_context=context)
    return price.total_price


def _usage(used: Mapping[str, Any]) -> Usage:
    """Return the tokens, with all of a call's input in ``input_tokens``, and all of its output in the other one."""
    cached, written = used.get("cached_tokens") or 0, used.get("cache_write_tokens") or 0
    thought = used.get("reasoning_tokens") or 0
    convention = convention_of(used)
    return Usage(
        input_tokens=used["prompt_tokens"] + (cached + written if convention == "anthropic" else 0),
        output_tokens=used["completion_tokens"] + (thought if convention == "gemini" else 0),
        cache_read_tokens=cached,
        cache_write_tokens=written,
        output_reasoning_tokens=thought,
    )
