"""What telemetry does not say of an invocation: its price, and how much of the context window it took."""

from typing import NamedTuple, Protocol

from workers.telemetry.span import Span


class Cost(NamedTuple):
    """US dollars, as the nearest float and exact, as a decimal string with at least eight places."""

    usd: float
    exact: str


class Tariff(Protocol):
    """Prices in force for one model at one time."""

    def cost(self, prompt: int, completion: int, cached: int, reasoning: int) -> Cost:
        """Price the tokens: ``cached`` is a part of ``prompt``, ``reasoning`` of ``completion``, at their own rates."""
        ...


class Card(NamedTuple):
    """What is known of a model, whoever serves it. ``context_window`` in tokens."""

    name: str | None
    context_window: int | None


UNKNOWN = Card(None, None)


class PriceBook(Protocol):
    """Where prices and models are looked up: for each invocation, so answers must be at hand."""

    def tariff(self, provider: str, model_id: str, timestamp: int) -> Tariff | None:
        """Return the prices in force at ``timestamp`` (epoch milliseconds), where they are known."""
        ...

    def card(self, model_id: str) -> Card:
        """Return what is known of the model, by its id alone: a Model is one node whoever serves it."""
        ...


class Usage(NamedTuple):
    """Tokens as the latest token event counts them, else as the terminal event does; then what they come to.

    ``context_utilization`` is the share of the context window that prompt and completion take together.
    """

    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    total_tokens: int | None
    cost_usd: float | None = None
    cost_usd_exact: str | None = None
    context_utilization: float | None = None


NO_USAGE = Usage(None, None, None, None, None)


def usage(span: Span, book: PriceBook) -> Usage:
    """Price what the span took; without both token counts, or for an unknown model, there is no cost."""
    prompt: int | None
    completion: int | None
    cached = reasoning = total = None
    if tokens := span.tokens:
        prompt, completion = tokens.prompt_tokens, tokens.completion_tokens
        cached, reasoning, total = tokens.cached_tokens, tokens.reasoning_tokens, tokens.total_tokens
    elif end := span.end:
        prompt, completion = end.prompt_tokens, end.completion_tokens
    else:
        return NO_USAGE
    if prompt is None or completion is None:
        return Usage(prompt, completion, cached, reasoning, total)
    told = span.told()
    tariff = book.tariff(told.provider, told.model_id, span.timestamp)
    usd, exact = tariff.cost(prompt, completion, cached or 0, reasoning or 0) if tariff else (None, None)
    window = book.card(told.model_id).context_window
    utilization = (prompt + completion) / window if window else None
    return Usage(prompt, completion, cached, reasoning, total, usd, exact, utilization)
