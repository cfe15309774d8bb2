"""One scenario's part of the servers: topic, group, topology, and the results in them."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import neo4j
from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition
from ruamel.yaml import YAML

from tests.chaos.checking.found_graph import FoundGraph, found_graph
from tests.chaos.running.worker_under_test import MODELS
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import Settings
from workers.config.topology import read_topology
from workers.core.record import ConsumedRecord

SCHEMAS = Path(__file__).parents[3] / "schemas" / "avro"
CHECKPOINTS = "audit-checkpoints"
TUNING: Mapping[str, Any] = {
    "session_timeout_seconds": 6,
    "batch": {"max_rows": 100, "max_wait_ms": 50},
    "consumer": {"chunk_records": 50, "buffer_mb": 16},
    "retry": {"max_ms": 1_000},
    "drain": {"grace_seconds": 10},
    "dead_letter_limit": {"minimum": 1_000_000},
}
"""Small batches and short timeouts, so that scenarios are short."""
OF_AUDIT: Mapping[str, Any] = {"checkpoint": {"every_events": 40, "every_seconds": 2}}


@dataclass
class Corner:
    """The part of one scenario. ``name`` is in every id of the stream, in the topic and in the group."""

    settings: Settings
    folder: Path
    name: str
    worker: str
    partitions: int
    order: str = "relaxed"
    topologies: int = field(default=0)
    chain_id: str = "1"

    def __post_init__(self) -> None:
        self.topic = f"{self.name}-events"
        self.group = f"{self.name}-group"
        self.archive = self.folder / "archive"
        schemas = self.folder / "schemas"
        schemas.mkdir()
        (schemas / self.worker).symlink_to(SCHEMAS / ("audit" if self.worker == "audit" else "telemetry"))
        self.topology = self.write_topology({})

    def write_topology(self, tuning: Mapping[str, Any]) -> Path:
        """Write a ``topology.yaml`` in which ``tuning`` overrides the tests' own; return its path."""
        worker = _overlaid(TUNING, tuning) | {"topic": self.topic, "group": self.group, "order": self.order}
        topics = {self.topic: {"partitions": self.partitions, "key": "trace_id"}}
        if self.worker == "audit":
            of_chain = {"chain_id": self.chain_id, "checkpoint": {"key": self.name}}
            worker = _overlaid(_overlaid(OF_AUDIT, of_chain), worker)
            topics[CHECKPOINTS] = {"partitions": 1}
        document = {"schemas": "schemas", "topics": topics, "workers": {self.worker: worker}}
        self.topologies += 1
        path = self.folder / f"topology-{self.topologies}.yaml"
        YAML().dump(document, path)
        return path

    def begin_chain(self, chain_id: str) -> None:
        """Begin a new chain, in a new group, as an operator does: for workers that start from now on."""
        self.chain_id, self.group = chain_id, f"{self.group}-{chain_id}"
        self.topology = self.write_topology({})

    def create_topics(self) -> None:
        apply_topology(self.settings.kafka, read_topology(self.topology, MODELS), execute=True)

    def add_partition(self) -> None:
        """Add one partition to the topic and its dead letters, as an operator does."""
        self.partitions += 1
        self.topology = self.write_topology({})
        topology = read_topology(self.topology, MODELS)
        apply_topology(self.settings.kafka, topology, execute=True, allow_repartition=True)

    def delete_topics(self, *topics: str) -> None:
        """Delete these topics, or all of the scenario; unknown topics are no error."""
        admin = Admin(self.settings.kafka)
        mine = topics or tuple(topic for topic in admin.topics() if self.name in topic)
        for future in admin.client.delete_topics(list(mine)).values() if mine else ():
            try:
                admin.result(future)
            except KafkaException:
                continue

    def delete_records(self, partition: int, before: int) -> None:
        """Delete the records of a partition that are before an offset, as ``kafka-delete-records`` does."""
        admin = Admin(self.settings.kafka)
        (future,) = admin.client.delete_records([KafkaPartition(self.topic, partition, before)]).values()
        admin.result(future)

    def topic_exists(self) -> bool:
        return self.topic in Admin(self.settings.kafka).topics()

    def rewind(self) -> None:
        """Commit offset 0 for the whole group, as ``kafka-consumer-groups --reset-offsets`` does."""
        consumer = Consumer({"bootstrap.servers": self.settings.kafka.bootstrap_servers, "group.id": self.group})
        try:
            beginning = [KafkaPartition(self.topic, number, 0) for number in range(self.partitions)]
            consumer.commit(offsets=beginning, asynchronous=False)
        finally:
            consumer.close()

    def end_offsets(self) -> dict[int, int]:
        return TopicReader(self.settings.kafka, self.topic).end_offsets()

    def records(self, partition: int) -> list[ConsumedRecord]:
        """Return all records of a partition, as the commands read them."""
        reader = TopicReader(self.settings.kafka, self.topic)
        return list(reader.between({}, {partition: reader.end_offsets()[partition]}))

    def dead_letters(self) -> list[ConsumedRecord]:
        reader = TopicReader(self.settings.kafka, f"{self.topic}.dlq")
        return list(reader.between({}, reader.end_offsets()))

    def checkpoints(self) -> list[ConsumedRecord]:
        """Return the checkpoints of the audit worker about this topic."""
        reader = TopicReader(self.settings.kafka, CHECKPOINTS)
        prefix = f"{self.topic}/".encode()
        return [each for each in reader.between({}, reader.end_offsets()) if (each.key or b"").startswith(prefix)]

    def events(self) -> list[dict[str, Any]]:
        """Return all audit events of the topic, with how many users and contents each has."""
        return self._rows(
            "MATCH (e:AuditEvent {topic: $topic}) RETURN e {.*, timestamp: e.timestamp.epochMillis, "
            "users: COUNT { (:User)-[:PERFORMED]->(e) }, contents: COUNT { (e)-[:CONCERNS]->() }} AS row "
            "ORDER BY e.partition, e.sequence"
        )

    def chains(self) -> list[dict[str, Any]]:
        return self._rows(
            "MATCH (c:AuditChain {topic: $topic}) "
            "RETURN c {.partition, .chain_id, .length, .head, archived: coalesce(c.archived, 0)} AS row"
        )

    def set_password(self, password: str) -> None:
        """Create a user with the name of the scenario, or change its password."""
        cypher = f"CREATE OR REPLACE USER {self.name} SET PASSWORD '{password}' CHANGE NOT REQUIRED"
        with self.driver() as driver:
            driver.execute_query(cypher, database_="system")

    def driver(self) -> neo4j.Driver:
        server = self.settings.neo4j
        return neo4j.GraphDatabase.driver(server.uri, auth=(server.username, server.password.get_secret_value()))

    def pages(self) -> list[dict[str, Any]]:
        """Return all pages of the ledger."""
        return self._rows("MATCH (p:LedgerPage) WHERE p.key STARTS WITH $name RETURN p {.key, .numbers, .times} AS row")

    def watermarks(self) -> dict[int, int]:
        """Return the offsets of the watermarks, by partition. The witness has old ones while Kafka is away."""
        cypher = "MATCH (w:Watermark) WHERE w.id STARTS WITH $marks RETURN w {.id, .offset} AS row"
        return {int(row["id"].rpartition("/")[2]): row["offset"] for row in self._rows(cypher)}

    def _rows(self, cypher: str) -> list[dict[str, Any]]:
        asked = {"name": self.name, "topic": self.topic, "marks": f"{self.worker}/{self.topic}/"}
        database = self.settings.neo4j.database
        with self.driver() as driver:
            return [record["row"] for record in driver.execute_query(cypher, asked, database_=database).records]

    def graph(self) -> FoundGraph:
        with self.driver() as driver:
            return found_graph(driver, self.settings.neo4j.database, self.name)


def _overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = deepcopy(dict(below))
    for key, value in above.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, Mapping) else value
    return merged
