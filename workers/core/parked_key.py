"""How a parked key is named: the bytes of its Kafka key as printable text, and the id of its node in the graph."""

from hashlib import sha256
from urllib.parse import quote_from_bytes, unquote_to_bytes

from workers.core.record import TopicPartition

MAX_CHARACTERS = 250
"""Longer keys are named by their hash: Neo4j indexes no text above 8 kB, and the message of a dead letter is short."""

HASHED = "sha256:"
"""No other printable key has a colon in it."""


def printable(key: bytes) -> str:
    """Return a key as text: letters and digits as they are, other bytes as ``%XX``; a long key as its SHA-256."""
    text = quote_from_bytes(key)
    return text if len(text) <= MAX_CHARACTERS else f"{HASHED}{sha256(key).hexdigest()}"


def as_written(text: str) -> str:
    """Return the printable form of a key that a person has written: as it is shown, or with other letters in it."""
    return text if text.startswith(HASHED) else printable(unquote_to_bytes(text))


def parked_key_prefix(worker: str, topic_partition: TopicPartition) -> str:
    """Return how the ids of a partition's parked keys begin: ``<worker>/<topic>/<partition>/``."""
    return f"{worker}/{topic_partition.topic}/{topic_partition.partition}/"


def parked_key_id(worker: str, topic_partition: TopicPartition, key: str) -> str:
    """Return the id of a parked key's node; ``key`` is printable."""
    return parked_key_prefix(worker, topic_partition) + key
