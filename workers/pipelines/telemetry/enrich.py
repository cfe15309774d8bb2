"""What telemetry does not say of an invocation: its version, its price, how much of the context window it took."""

from typing import NamedTuple, Protocol

from workers.pipelines.telemetry.span import Span
from workers.pipelines.telemetry.tariff import Tariff


class Terms(NamedTuple):
    """On what terms a model was to be had at one time, as far as anybody knows.

    ``context_window``  in tokens
    ``source``      who names the price: ``registry`` or ``genai-prices``; ``price_id`` the registry's Price
    ``version_id``  the ModelVersion that was in force, where the registry knows one
    """

    tariff: Tariff | None
    context_window: int | None
    source: str | None = None
    price_id: str | None = None
    version_id: str | None = None


class Card(NamedTuple):
    """What is known of a model, whoever serves it. ``context_window`` in tokens."""

    name: str | None
    context_window: int | None


UNKNOWN = Card(None, None)


class PriceBook(Protocol):
    """Where prices and models are looked up: for each invocation, so answers must be at hand."""

    def terms(self, provider: str, model_id: str, timestamp: int) -> Terms:
        """Return the terms in force at ``timestamp`` (epoch milliseconds)."""
        ...

    def card(self, model_id: str) -> Card:
        """Return what is known of the model, by its id alone: a Model is one node whoever serves it."""
        ...


class Charge(NamedTuple):
    """What tokens come to. ``context_utilization`` is the share of the window that prompt and completion take."""

    cost_usd: float | None = None
    cost_usd_exact: str | None = None
    context_utilization: float | None = None
    price_source: str | None = None
    price_id: str | None = None


NO_CHARGE = Charge()


class Counts(NamedTuple):
    """Tokens as the latest token event counts them, else as the terminal event does."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None


NO_COUNTS = Counts()


def counts(span: Span) -> Counts:
    """Return what is known of the span's tokens."""
    if tokens := span.tokens:
        return Counts(
            tokens.prompt_tokens,
            tokens.completion_tokens,
            tokens.cached_tokens,
            tokens.reasoning_tokens,
            tokens.total_tokens,
        )
    if end := span.end:
        return Counts(end.prompt_tokens, end.completion_tokens)
    return NO_COUNTS


def charge(counted: Counts, terms: Terms) -> Charge:
    """Price the tokens; without both counts, or on unknown terms, there is no cost."""
    prompt, completion, cached, reasoning, _ = counted
    if prompt is None or completion is None:
        return NO_CHARGE
    tariff, window, source, price_id, _ = terms
    utilization = (prompt + completion) / window if window else None
    if tariff is None:
        return Charge(context_utilization=utilization)
    usd, exact = tariff.cost(prompt, completion, cached or 0, reasoning or 0)
    return Charge(usd, exact, utilization, source, price_id)
