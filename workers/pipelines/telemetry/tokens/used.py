"""What a span used, by all events that say something about it."""

from collections.abc import Mapping

from msgspec import Struct

from workers.pipelines.telemetry.events import Invocation, Tokens
from workers.pipelines.telemetry.fold.span import Span
from workers.pipelines.telemetry.tokens.conventions import CONTRADICTORY, NO_COUNTS, Convention, TokenCounts, inclusive
from workers.pipelines.telemetry.usage import Usage

Conventions = Mapping[str, Convention]
"""The conventions that ``topology.yaml`` declares, by provider in lower case."""


class Used(Struct, frozen=True, gc=False):
    """Tokens in the inclusive form, and what the events say about the bill. ``reported`` in US dollars."""

    counts: TokenCounts
    service_tier: str | None = None
    reported: float | None = None

    @property
    def is_contradictory(self) -> bool:
        """Tell whether the token counts have no price, because they contradict each other."""
        return self.counts.token_convention == CONTRADICTORY

    def usage(self) -> Usage | None:
        """Return what the price depends on; ``None`` without both counts, or where they contradict each other."""
        prompt, completion, cached, cache_write, reasoning, _, convention = self.counts
        if prompt is None or completion is None or convention == CONTRADICTORY:
            return None
        return Usage(prompt, completion, cached or 0, cache_write or 0, reasoning or 0, self.service_tier)


def used_by(span: Span, conventions: Conventions) -> Used:
    """Return what a span used. Each value is the token event's, else the terminal event's, else the start event's."""
    tokens, end, start = span.tokens, span.end, span.start
    sent = _sent(tokens, end)
    says = [each.billing for each in (tokens, end, start) if each is not None and each.billing is not None]
    if not says and not conventions:
        return Used(inclusive(sent, Convention.AUTO))
    named = next((each.token_convention for each in says if each.token_convention), None)
    declared = Convention(named) if named else conventions.get(span.source_event().provider.lower(), Convention.AUTO)
    return Used(
        inclusive(sent, declared),
        next((each.service_tier for each in says if each.service_tier), None),
        next((each.reported_cost_usd for each in says if each.reported_cost_usd is not None), None),
    )


def _sent(tokens: Tokens | None, end: Invocation | None) -> TokenCounts:
    if tokens is not None:
        return TokenCounts(
            tokens.prompt_tokens,
            tokens.completion_tokens,
            tokens.cached_tokens,
            tokens.cache_write_tokens,
            tokens.reasoning_tokens,
            tokens.total_tokens,
        )
    return TokenCounts(end.prompt_tokens, end.completion_tokens) if end is not None else NO_COUNTS
