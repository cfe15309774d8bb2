"""One call to a model, as a trace of calls tells it."""

from typing import NamedTuple


class Call(NamedTuple):
    """When a call was made and how many tokens it took; the rest is ``None`` where the trace does not say.

    ``timestamp`` is in milliseconds since the epoch, UTC, and may have a fraction.
    """

    timestamp: float
    prompt_tokens: int
    completion_tokens: int
    model_id: str | None = None
    provider: str | None = None
    latency_ms: float | None = None
    session_id: str | None = None
