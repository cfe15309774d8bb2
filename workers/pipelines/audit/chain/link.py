"""The link: the hash of an event over the hash of the event before it in its partition."""

from hashlib import sha256
from typing import NamedTuple

EVENT_DOMAIN = b"memory-graph/audit-event/v1\x00"
CHAIN_DOMAIN = b"memory-graph/audit-chain/v1\x00"
FIRST_CHAIN = "1"
"""The ``chain_id`` of a partition's first chain."""


class Head(NamedTuple):
    """Where a chain stands: how many events it has, and the hash of the last one (32 bytes)."""

    sequence: int
    hash: bytes


def genesis(topic: str, partition: int, chain_id: str = FIRST_CHAIN) -> Head:
    """Return the head of a chain without events."""
    parts = (topic.encode(), str(partition).encode("ascii"), chain_id.encode())
    return Head(0, sha256(CHAIN_DOMAIN + b"\x00".join(parts)).digest())


def link(head: Head, canonical: bytes) -> Head:
    """Return the head after one more event, by its canonical bytes."""
    return Head(head.sequence + 1, sha256(EVENT_DOMAIN + head.hash + canonical).digest())
