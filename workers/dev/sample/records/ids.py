"""Ids in the form that real producers use, derived only from the seed."""

from random import Random
from uuid import UUID


def trace_id(random: Random) -> str:
    """Return a W3C trace id: 32 hex digits."""
    return f"{random.getrandbits(128):032x}"


def span_id(random: Random) -> str:
    """Return a W3C span id: 16 hex digits."""
    return f"{random.getrandbits(64):016x}"


def event_id(random: Random) -> str:
    """Return a UUID."""
    return str(UUID(int=random.getrandbits(128), version=4))


def opaque(random: Random, kind: str) -> str:
    """Return an id with a type prefix but no personal data: ``user-3f2a…``."""
    return f"{kind}-{random.getrandbits(48):012x}"
