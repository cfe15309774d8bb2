"""A record as Kafka delivers it, as we send it, and what it decodes to."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Headers = list[tuple[str, bytes | None]]
"""Kafka headers that can be extended: names may repeat, and values may be null."""


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]"


class Record(Protocol):
    """A consumed record. aiokafka's ``ConsumerRecord`` has this shape: nothing is copied."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch, as the producer or the broker stamped it."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class ConsumedRecord(NamedTuple):
    """A ``Record`` that our own code creates: in tests, replays and tools."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


BY_KEY = -1
"""The partition of an outgoing record whose key decides."""


class OutgoingRecord(NamedTuple):
    """A record to send. Without a ``timestamp`` (epoch milliseconds) it has the time of sending."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int = BY_KEY
    headers: Sequence[tuple[str, str | bytes | None]] = ()
    timestamp: int = 0


class Decoded(NamedTuple):
    """A decoded value: the full name of its record schema, and its fields.

    The fields have the shape of our reader schema. A Debezium change event has the shape of its writer's schema,
    because columns come and go: ``before``, ``after``, ``source``, ``op``, ``ts_ms``, and what else Debezium sends.
    """

    record_name: str
    fields: Mapping[str, Any]
