"""What the engine needs from servers, as Protocols. Adapters implement them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.core.dead_letter import DeadLetter
from workers.core.record import Decoded, Record, TopicPartition
from workers.core.statement import Statement

NOTHING_WRITTEN = -1
"""The watermark of a partition before its first batch."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Ownership of one partition's watermark in the graph, until another process claims it.

    ``offset``  the last offset that was in the graph when it was claimed (``NOTHING_WRITTEN`` for none).
    ``lineage`` identifies this graph's watermark: 32 hex digits, created with it. A wiped graph gets another
                one, and state that was folded under the old one is void.
    ``refused`` offsets of records that the database refused: they are dead letters and in no state.
    ``epoch``   how often the topic was recreated, from 0: a recreated topic starts its offsets again.
    """

    worker: str
    topic_partition: TopicPartition
    token: str
    offset: int
    lineage: str = "0" * 32
    epoch: int = 0
    refused: frozenset[int] = frozenset()


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

    async def write(
        self, claim: Claim, through: int, statements: Sequence[Statement], refused: Sequence[int] = ()
    ) -> None:
        """In one transaction: lock the watermark, check the token, run the statements, advance to ``through``.

        A watermark at or past ``through`` means that an earlier COMMIT succeeded although its answer was lost:
        nothing is written again. Later claims return ``refused``.
        Raises ``Refused``, ``Retryable``, ``Fenced``.
        """
        ...


class DeadLetters(Protocol):
    """The topics for records that can never succeed."""

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Return when the brokers have confirmed every one of them (acks=all). Raises ``Retryable``."""
        ...


class TopicIdentity(Protocol):
    """Recognises a topic that was deleted and created again under the same name."""

    async def of(self, topic: str) -> str:
        """Return the topic's UUID. Raises ``Retryable``."""
        ...

    def forget(self) -> None:
        """Ask Kafka again at the next call, because partitions have been assigned again."""
        ...
