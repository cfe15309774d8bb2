"""What one call used: everything about the call itself that its price depends on."""

from msgspec import Struct


class Usage(Struct, frozen=True, gc=False):
    """Tokens in the inclusive form, whatever the provider's way of counting is.

    ``prompt``      all input tokens: ``cached`` and ``cache_write`` are parts of it, and do not overlap
    ``completion``  all output tokens: ``reasoning`` is a part of it
    ``service_tier``  as the event said it, such as ``batch`` or ``priority``
    ``cache_write_1h``  the part of ``cache_write`` that is kept for an hour; the rest is kept for five minutes
    """

    prompt: int
    completion: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    service_tier: str | None = None
    cache_write_1h: int = 0
