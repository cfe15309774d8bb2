"""What the runtime needs of the outside world, as Protocols; adapters implement them and import nothing here back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.core.dead_letter import DeadLetter
from workers.core.record import Record, TopicPartition
from workers.core.statement import Statement
from workers.core.worker import Decoded

NOTHING_WRITTEN = -1
"""The watermark of a partition of which the graph holds nothing yet."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Ownership of one partition's watermark in the graph, until somebody else claims it.

    ``offset``  the last offset that the graph reflected when it was claimed (``NOTHING_WRITTEN`` for none).
    ``lineage`` names this graph's history of the partition: 32 hex digits made when the watermark was. After
                the graph has been wiped it is another, and state folded under the old one is void.
    ``refused`` offsets of records that the database refused: dead letters, of which no state may know.
    ``epoch``   counts the topic's lives, from 0: a deleted and recreated topic starts its offsets anew.
    """

    worker: str
    topic_partition: TopicPartition
    token: str
    offset: int
    lineage: str = "0" * 32
    epoch: int = 0
    refused: frozenset[int] = frozenset()


class Decoder(Protocol):
    """The wire codec: Confluent wire format in, fields out: of our reader schema, or of a change event's writer."""

    async def fetch_schemas(self, records: Sequence[Record]) -> None:
        """Learn the writer schemas these records name. Raises ``Retryable`` while the schema registry is away.

        Ids the registry does not know are remembered as unknown, and raise at ``decode``.
        """
        ...

    def decode(self, record: Record) -> Decoded:
        """Decode the value; no I/O. Raises ``Rejected`` (DECODE), and ``Dropped`` for a change topic's tombstones."""
        ...


class GraphWriter(Protocol):
    """The one place that writes to the graph."""

    async def claim(self, worker: str, topic_partition: TopicPartition, topic_id: str) -> Claim:
        """Take ownership with a fresh token; another ``topic_id`` than last time starts the offsets anew.

        Raises ``Retryable``.
        """
        ...

    async def write(
        self, claim: Claim, through: int, statements: Sequence[Statement], refused: Sequence[int] = ()
    ) -> None:
        """In one transaction: lock the watermark, check the token, run the statements, advance to ``through``.

        A watermark already at or past ``through`` means an earlier attempt's COMMIT did get through although
        its answer was lost: nothing is written again. Later claims are told of ``refused``.
        Raises ``Refused``, ``Retryable``, ``Fenced``.
        """
        ...


class DeadLetters(Protocol):
    """Where records go that can never succeed."""

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Return when the broker has confirmed every one of them (acks=all). Raises ``Retryable``."""
        ...


class TopicIdentity(Protocol):
    """Tells a topic from another one that was made later under the same name."""

    async def of(self, topic: str) -> str:
        """Return the UUID of the topic's present life. Raises ``Retryable``."""
        ...

    def forget(self) -> None:
        """Ask again from now on: partitions have been assigned anew."""
        ...
