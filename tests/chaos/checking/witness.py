"""Observes from outside, continuously: offsets, watermarks, the graph as a reader sees it, memory."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from typing import Any, NamedTuple

import neo4j
from confluent_kafka import Consumer, KafkaException, TopicPartition
from neo4j.exceptions import DriverError, Neo4jError

from tests.chaos.checking.history import History
from tests.chaos.running.corner import Corner
from tests.chaos.running.worker_process import WorkerProcess

LOOK_EVERY_SECONDS = 0.2
ANSWER_SECONDS = 2.0
WATERMARKS = """
MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix
RETURN toInteger(split(w.id, '/')[2]) AS partition, w.offset AS offset, w.epoch AS epoch, w.token AS token
"""
GONE = "deleted_since_it_was_seen"
LEFT = "MATCH (n) WHERE n.key STARTS WITH $name OR n.id STARTS WITH $name WITH n WHERE n.locked RETURN n LIMIT 1"
CHAINS = (
    "MATCH (c:AuditChain {topic: $topic}) "
    "RETURN c.partition AS partition, c.chain_id AS chain_id, c.length AS length, coalesce(c.archived, 0) AS archived"
)


class Half(NamedTuple):
    """Data of one transaction: a reader of only one part has seen half.

    ``key``  the unique property of the node ``n`` with that label; ``half`` holds where its other part is missing
    """

    label: str
    key: str
    half: str

    def seen(self) -> str:
        """Return the query for all halves. It is no snapshot: it may look while a commit is being applied."""
        halves = f"MATCH (n:{self.label}) WHERE n.{self.key} STARTS WITH $name AND {self.half}"
        return f"{halves} RETURN '{self.label}' AS label, n.{self.key} AS key"

    def lock(self) -> str:
        """Return the query that waits for the transaction that writes the node ``$key``; it must be rolled back.

        MERGE waits for one that creates the node, which has locked its key and not the node. SET waits for the others.
        """
        return f"MERGE (n:{self.label} {{{self.key}: $key}}) ON CREATE SET n.{GONE} = true SET n.locked = true"

    def is_half(self) -> str:
        """Return the query for the half ``$key``. In one query with the lock, a property may be read before it."""
        found = f"MATCH (n:{self.label} {{{self.key}: $key}}) WHERE n.{GONE} IS NULL AND {self.half}"
        return f"{found} RETURN n.{self.key} AS key"


HALVES = {
    "telemetry": (
        Half("Invocation", "key", "NOT EXISTS { (n)-[:USES_MODEL]->() }"),
        Half("Error", "id", "NOT EXISTS { (n)<-[:CAUSED_ERROR]-() }"),
        Half("PerformanceMetric", "id", "NOT EXISTS { (n)<-[:HAS_METRIC]-() }"),
    ),
    "audit": (
        Half("AuditEvent", "id", "NOT EXISTS { (n)<-[:PERFORMED]-() }"),
        Half(
            "AuditChain",
            "id",
            "COUNT { MATCH (e:AuditEvent {topic: n.topic, chain_id: n.chain_id, partition: n.partition}) "
            "WHERE e.sequence >= n.length } <> 1",
        ),
    ),
    "ledger": (Half("LedgerPage", "key", "size(n.numbers) <> coalesce(n.sealed, 0)"),),
}


class Mark(NamedTuple):
    """A watermark as it is in the graph."""

    offset: int
    epoch: int
    token: str


class Witness:
    """A thread that looks every fifth of a second, and ignores missing servers."""

    def __init__(self, corner: Corner, history: History, workers: Callable[[], Iterable[WorkerProcess]]) -> None:
        self.looks = 0
        """How often it has looked at the offsets, and was answered."""
        self.committed: Mapping[int, int] = {}
        self.watermarks: Mapping[int, Mark] = {}
        self._history = history
        self._workers = workers
        self.chains: Mapping[str, int] = {}
        """The length of each chain of audit events, by partition and chain id."""
        self.archived: Mapping[str, int] = {}
        """How much of each chain is in the archive."""
        self._ask = {"prefix": f"{corner.worker}/{corner.topic}/", "name": corner.name, "topic": corner.topic}
        self._halves = {half.label: half for half in HALVES[corner.worker]}
        self._suspects = " UNION ALL ".join(half.seen() for half in HALVES[corner.worker])
        self._database = corner.settings.neo4j.database
        self._driver = corner.driver()
        self._corner = corner
        self._group, self._consumer = corner.group, self._consumer_of_group()
        self._memory: dict[int, float] = {}
        self._last: dict[str, Any] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="witness", daemon=True)
        self._thread.start()

    def is_at(self, ends: Mapping[int, int], life: int) -> bool:
        """Whether commits and watermarks of the topic's present life are at these ends of the log."""
        assert self._thread.is_alive(), "the witness has ended, so nothing can be judged"
        here = {number: mark.offset + 1 for number, mark in self.watermarks.items() if mark.epoch == life}
        return all(self.committed.get(number) == here.get(number) == end for number, end in ends.items())

    def close(self) -> None:
        if not self._end.is_set():
            self._end.set()
            self._thread.join()
            left = list[neo4j.Record]()
            with suppress(Neo4jError, DriverError, OSError):  # a scenario may end without its Neo4j
                left = self._query(LEFT)
            self._consumer.close()
            self._driver.close()
            assert not left, "the witness has left its locks in the graph, and so has changed what it judges"

    def _look_on(self) -> None:
        while not self._end.wait(LOOK_EVERY_SECONDS):
            self._look_at_offsets()
            self._look_for_halves()
            self._look_at_memory()
            self._look_at_chains()

    def _consumer_of_group(self) -> Consumer:
        servers = self._corner.settings.kafka.bootstrap_servers
        return Consumer({"bootstrap.servers": servers, "group.id": self._corner.group, "log_level": 0})

    def _look_at_offsets(self) -> None:
        """Read Kafka first, then the graph.

        A committed offset may never be past a watermark read later.
        """
        if self._group != self._corner.group:
            self._consumer.close()
            self._group, self._consumer = self._corner.group, self._consumer_of_group()
        try:
            topic, count = self._corner.topic, self._corner.partitions
            partitions = [TopicPartition(topic, number) for number in range(count)]
            found = self._consumer.committed(partitions, timeout=ANSWER_SECONDS)
            rows = self._query(WATERMARKS)
        except (KafkaException, Neo4jError, DriverError, OSError):
            return
        committed = {each.partition: each.offset for each in found if each.offset >= 0}
        watermarks = {row["partition"]: Mark(row["offset"], row["epoch"], row["token"]) for row in rows}
        told = {"committed": committed, "watermarks": watermarks}
        if told != self._last:
            self._history.note("seen", **told)
            self._last = told
        self.committed, self.watermarks = committed, watermarks
        self.looks += 1

    def _look_for_halves(self) -> None:
        """Look at each suspected half again under its lock, one lock at a time."""
        try:
            # A node that is deleted while it is read has no key any more.
            suspected = [(row["label"], row["key"]) for row in self._query(self._suspects) if row["key"] is not None]
            keys = [key for label, key in suspected if self._is_half(self._halves[label], key)]
            if keys:
                self._history.note("half", keys=sorted(keys)[:5], count=len(keys))
        except (Neo4jError, DriverError, OSError):
            return

    def _look_at_memory(self) -> None:
        for worker in self._workers():
            mib = worker.memory_mib()
            if mib > self._memory.get(worker.pid, 0) + 5:
                self._memory[worker.pid] = mib
                self._history.note("memory", pid=worker.pid, mib=round(mib))

    def _look_at_chains(self) -> None:
        if self._corner.worker != "audit":
            return
        try:
            rows = self._query(CHAINS)
        except (Neo4jError, DriverError, OSError):
            return
        chains = {f"{row['partition']}/{row['chain_id']}": row["length"] for row in rows}
        if chains != self.chains:
            self._history.note("chains", chains=chains)
        self.chains = chains
        self.archived = {f"{row['partition']}/{row['chain_id']}": row["archived"] for row in rows}

    def _is_half(self, half: Half, key: str) -> bool:
        """Return whether the node is a half while no transaction writes it.

        ``closing`` rolls the lock back; the transaction's own ``with`` would commit it.
        """
        with (
            self._driver.session(database=self._database) as session,
            closing(session.begin_transaction()) as transaction,
        ):
            transaction.run(half.lock(), key=key).consume()
            return transaction.run(half.is_half(), self._ask | {"key": key}).single() is not None

    def _query(self, cypher: str, **asked: Any) -> list[neo4j.Record]:
        with self._driver.session(database=self._database) as session:  # which does not try again for half a minute
            # Planned once: the server would plan again whenever the graph has grown, which it always has.
            return list(session.run(f"CYPHER replan=skip {cypher}", self._ask | asked))
