"""One call to a model, as a trace describes it."""

from typing import NamedTuple


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
