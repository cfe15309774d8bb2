"""What the engine needs from servers, as Protocols. Adapters implement them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from workers.core.dead_letter import DeadLetter
from workers.core.record import Decoded, Record, TopicPartition
from workers.core.statement import Statement

NOTHING_WRITTEN = -1
"""The watermark of a partition before its first batch."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Ownership of one partition's watermark in the graph, until another process claims it.

    ``offset``  the last offset that the graph has (``NOTHING_WRITTEN`` for none)
    ``epoch``   how often the topic was recreated, from 0: a recreated topic starts its offsets again
    """

    worker: str
    topic_partition: TopicPartition
    token: str
    offset: int
    epoch: int = 0


class Watermark(NamedTuple):
    """What the graph says about a partition: the token of its owner, and the last offset that is written."""

    token: str
    offset: int


class Preparation(Protocol):
    """An asynchronous step before a batch is decoded and parsed, such as fetching schemas or keys."""

    @property
    def server(self) -> str:
        """The server that it needs: names its circuit breaker, and labels retries."""
        ...

    async def prepare(self, records: Sequence[Record]) -> None:
        """Get what decoding or parsing these records needs. Raises ``Retryable`` while the server is away.

        What can never be got is no error here: it rejects the record later, at decoding or parsing.
        """
        ...


class Decoder(Preparation, Protocol):
    """Decodes values; its preparation fetches the writer schemas that the records name."""

    def decode(self, record: Record) -> Decoded:
        """Decode the value, without I/O. Raises ``Rejected`` (DECODE), and ``Dropped`` for a tombstone."""
        ...


class GraphWriter(Protocol):
    """The only writer of batches to the graph."""

    async def claim(self, worker: str, topic_partition: TopicPartition, topic_id: str) -> Claim:
        """Take ownership with a fresh token. A new ``topic_id`` starts the offsets again at the beginning.

        Raises ``Retryable``.
        """
        ...

    async def write(self, claim: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        """In one transaction: lock and compare the watermark, run the statements, advance it to ``through``.

        A watermark at ``through`` means that an earlier COMMIT succeeded although its answer was lost: nothing is
        written again. Returns the claim with its new offset. Raises ``Refused``, ``Retryable``, ``Fenced``.
        """
        ...

    async def watermarks(self, worker: str, topic: str) -> Mapping[int, Watermark]:
        """Return the watermarks of a topic, by partition. Raises ``Retryable``."""
        ...

    async def check(self, claim: Claim) -> None:
        """Write nothing but the time to the watermark: whether the server can write at all.

        Raises ``Retryable``, and ``Fenced`` where the claim no longer holds.
        """
        ...

    async def stored(self, cypher: str, worker: str, keys: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """Return the parts of the states of those keys that the graph knows; see ``StoredState.cypher``.

        It sees every write that was committed before the claim. Raises ``Retryable``.
        """
        ...

    async def next_keys(self, cypher: str, after: str) -> Sequence[str]:
        """Return keys of states that the graph has; see ``StoredState.keys``. Raises ``Retryable``."""
        ...


class DeadLetters(Protocol):
    """The topics for records that can never succeed."""

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Return when the brokers have confirmed every one of them (acks=all). Raises ``Retryable``."""
        ...


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic at one moment.

    ``id``    its UUID: another one means that the topic was deleted and created again under the same name
    ``ends``  the offset after the last record of each partition, by its number
    """

    id: str
    ends: Mapping[int, int]


class TopicStates(Protocol):
    """What Kafka says about the worker's topic."""

    async def recent(self) -> TopicState:
        """Return an answer that is at most a second old. Raises ``Retryable``."""
        ...

    async def now(self) -> TopicState:
        """Ask Kafka. Raises ``Retryable``."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetterTopicState:
    """A dead-letter topic at one moment; offsets by partition.

    ``id``        its UUID
    ``begins``    the offset of the first letter that is kept
    ``ends``      the offset after the last letter
    ``expiring``  the offset before which retention is over for all letters within a day
    """

    id: str
    begins: Mapping[int, int]
    ends: Mapping[int, int]
    expiring: Mapping[int, int]


class DeadLetterTopic(Protocol):
    """The dead letters of a source topic, and which of them were replayed. Calls block.

    All raise ``Unreachable``, and ``Misconfigured`` where there is no topic or Kafka refuses access.
    """

    def state(self, now_ms: int) -> DeadLetterTopicState:
        """Ask Kafka; every replay so far is of a letter before ``ends``."""
        ...

    def replayed(self, topic_id: str) -> Iterator[tuple[int, int]]:
        """Return partition and offset of replayed letters, as far as no earlier call with this topic's id has."""
        ...

    def between(self, begin: Mapping[int, int], end: Mapping[int, int]) -> Iterator[Record]:
        """Return the letters from ``begin`` up to and without ``end``, offsets by partition; order holds in each."""
        ...
