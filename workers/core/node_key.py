"""Keys of nodes that are made of several names. Two nodes never have one key, whatever their names hold.

Every such key is made here, in Python or in Cypher. None is ever split: nodes have their names as properties.
A parked key is named by the bytes of its Kafka key as printable text.
"""

from hashlib import sha256
from urllib.parse import quote_from_bytes, unquote_to_bytes

from workers.core.record import TopicPartition

SPAN = "/"
VERSION = "@"
_QUOTED = {SPAN: "%2F", VERSION: "%40"}

MAX_CHARACTERS = 250
"""Longer keys are named by their hash: Neo4j indexes no text above 8 kB, and the message of a dead letter is short."""

HASHED = "sha256:"
"""No other printable key has a colon in it."""


def invocation_key(trace_id: str, span_id: str) -> str:
    """Return the key of an Invocation."""
    return trace_prefix(trace_id) + span_part(span_id)


def trace_prefix(trace_id: str) -> str:
    """Return how the keys of a trace's Invocations begin."""
    return f"{_quoted(trace_id, SPAN)}{SPAN}"


def span_part(span_id: str) -> str:
    """Return how the key of an Invocation goes on after ``trace_prefix``."""
    return _quoted(span_id, SPAN)


def model_name_id(provider: str, name: str) -> str:
    """Return the key of a name of a model, as the events of a provider send it."""
    return f"{_quoted(provider, SPAN)}{SPAN}{_quoted(name, SPAN)}"


def version_id(subject: str, version: str) -> str:
    """Return the key of a version of a model or a schema; or of a model's price or usage since a time."""
    return f"{_quoted(subject, VERSION)}{VERSION}{_quoted(version, VERSION)}"


def cypher_version_id(subject: str, version: str) -> str:
    """Return ``version_id`` as a Cypher expression of two expressions."""
    return f"({_cypher_quoted(subject, VERSION)} + '{VERSION}' + {_cypher_quoted(version, VERSION)})"


def _quoted(name: str, separator: str) -> str:
    if "%" in name or separator in name:
        return name.replace("%", "%25").replace(separator, _QUOTED[separator])
    return name


def _cypher_quoted(name: str, separator: str) -> str:
    return f"replace(replace({name}, '%', '%25'), '{separator}', '{_QUOTED[separator]}')"


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
