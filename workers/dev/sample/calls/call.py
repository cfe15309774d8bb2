"""One call to a model, as a trace describes it."""

from typing import NamedTuple


class Billing(NamedTuple):
    """How a provider counts and bills a call.

    ``cached``, ``written``  the shares of the prompt that were read from the cache, and written to it
    ``thought``     the share of the completion that was reasoning
    ``convention``  what the provider's counts leave out; the token event declares it if ``is_declared``
    """

    cached: float = 0.0
    written: float = 0.0
    thought: float = 0.0
    convention: str = "inclusive"
    is_declared: bool = False
    service_tier: str | None = None
    reported_cost_usd: float | None = None


class Call(NamedTuple):
    """Time and tokens of a call; other fields are ``None`` if unknown.

    ``timestamp`` is in milliseconds since the epoch, UTC, and may have a fraction.
    """

    timestamp: float
    prompt_tokens: int
    completion_tokens: int
    model_id: str | None = None
    provider: str | None = None
    latency_ms: float | None = None
    session_id: str | None = None
    billing: Billing | None = None
