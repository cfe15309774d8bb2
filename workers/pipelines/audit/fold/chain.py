"""The worker's state: the chain of one partition, and what a batch adds to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from workers.core.errors import NewGraph
from workers.core.record import TopicPartition
from workers.pipelines.audit.chain.link import Head, genesis
from workers.pipelines.audit.events import Event

NEW_CHAIN_FIX = (
    "restore the graph from a backup; or begin a new chain, as it will be recorded: set workers.audit.chain_id in "
    "topology.yaml to a name that no chain has had, such as '2', and workers.audit.group to a new group that ends "
    "with it, such as memory-graph-audit-2"
)


class Link(NamedTuple):
    """One more event of the chain; ``before`` is the head without it, ``head`` with it."""

    event: Event
    before: Head
    head: Head


class ChainName(NamedTuple):
    """Which chain: there is one at a time in each partition."""

    topic: str
    partition: int
    chain_id: str

    @classmethod
    def of(cls, topic_partition: TopicPartition, chain_id: str) -> "ChainName":
        """Return the name of a partition's chain."""
        return cls(topic_partition.topic, topic_partition.partition, chain_id)

    def __str__(self) -> str:
        """Return the key of its state, and the id of its node: no part of it has a slash."""
        return f"{self.topic}/{self.partition}/{self.chain_id}"


@dataclass(slots=True)
class Chain:
    """A chain with its head. ``began`` is the head before the batch.

    The other fields are of this batch, and not dumped: ``known`` has the event type of each audit_id that the chain, or
    another one, has already, as far as the batch asks for it.
    """

    name: ChainName
    head: Head
    began: Head
    known: dict[str, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    observations: list[Any] = field(default_factory=list)

    @classmethod
    def new(cls, name: ChainName) -> "Chain":
        """Return a chain without events."""
        head = genesis(*name)
        return cls(name, head, head)

    @classmethod
    def load(cls, name: ChainName, dumped: bytes) -> "Chain":
        """Return the chain of dumped bytes."""
        return cls.restore(name, orjson.loads(dumped))

    @classmethod
    def restore(cls, name: ChainName, parts: Sequence[Any]) -> "Chain":
        """Return the chain of its number of events and its last hash in hex.

        Raises ``NewGraph`` without them: the graph has events of this chain, and has lost where it stands.
        """
        length, last = parts
        if length is None:
            raise NewGraph(f"the graph has events of the chain {name}, and its AuditChain is gone: {NEW_CHAIN_FIX}")
        head = Head(length, bytes.fromhex(last))
        return cls(name, head, head)

    def dump(self) -> bytes:
        """Return the chain as JSON, without what is only of this batch."""
        return orjson.dumps([self.head.sequence, self.head.hash.hex()])

    def learn(self, found: Mapping[str, Sequence[Any]]) -> None:
        """Take in the event types of audit_ids that the graph has."""
        self.known.update((audit_id, event_type) for audit_id, (event_type,) in found.items())
