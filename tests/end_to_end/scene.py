"""One test file's part of the servers: its own topic, group and topology.yaml."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import neo4j
from confluent_kafka import KafkaException

from tests.end_to_end.outsider import SCHEMAS, Log, Serializer
from tests.end_to_end.program import Program, until
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.lag import group_lag
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import Settings
from workers.core.errors import Unreachable
from workers.pipelines.fleet import load_topology

DELETED_AT_ONCE = 10_000
TOPOLOGY = """\
schemas: {schemas}
topics:
  {topic}:
    partitions: {partitions}
    key: trace_id
    max_message_bytes: 16777216
workers:
  {worker}:
    topic: {topic}
    group: {group}
    order: {order}
    session_timeout_seconds: 6
    batch:
      max_rows: {max_rows}
    consumer:
      chunk_records: {max_rows}
"""


@dataclass
class Scene:
    """A test file's environment. ``name`` is the prefix of every trace_id, so that queries can select them."""

    settings: Settings
    environment: Mapping[str, str]
    folder: Path
    name: str
    partitions: int
    worker: str = "telemetry"
    max_rows: int = 1_000
    schemas: Path = SCHEMAS
    order: str = "relaxed"

    def __post_init__(self) -> None:
        self.topic = f"{self.name}-events"
        self.group = f"{self.name}-group"
        self.topology_path = self.folder / "topology.yaml"
        self.write_topology(self.partitions)
        self.environment = {**self.environment, "MEMORY_GRAPH_TOPOLOGY": str(self.topology_path)}

    def write_topology(self, partitions: int) -> None:
        self.topology_path.write_text(
            TOPOLOGY.format(
                schemas=self.schemas,
                topic=self.topic,
                partitions=partitions,
                worker=self.worker,
                group=self.group,
                order=self.order,
                max_rows=self.max_rows,
            )
        )

    def set_up(self) -> None:
        """Create the topics; migrate the graph."""
        apply_topology(self.settings.kafka, load_topology(self.topology_path), execute=True)

        async def migrated() -> None:
            async with open_driver(self.settings.neo4j) as driver:
                await migrate(driver, self.settings.neo4j.database)

        asyncio.run(migrated())

    def tear_down(self) -> None:
        """Delete the scene's nodes, topics and group: other tests share the servers."""
        self._delete("(n:Watermark|ParkedKey) WHERE n.id CONTAINS $name", f"/{self.topic}/")
        self._delete("(n:Invocation) WHERE n.trace_id STARTS WITH $name", self.name)
        self._delete("(n:Error|PerformanceMetric) WHERE n.id STARTS WITH $name", self.name)
        self._delete("(n:Model) WHERE n.model_id CONTAINS $name", self.name)
        admin = Admin(self.settings.kafka)
        mine = [topic for topic in admin.topics() if topic.startswith(self.name)]
        try:
            admin.results(admin.client.delete_topics(mine) if mine else {})
            admin.results(admin.client.delete_consumer_groups([self.group]))
        except (
            KafkaException,
            Unreachable,
        ):  # a group that no member ever joined, or whose members were killed a moment ago
            return

    def _delete(self, nodes: str, name: str) -> None:
        """Delete nodes in portions: Neo4j keeps a transaction in memory, and there may be those of 200,000 records."""
        portion = f"MATCH {nodes} WITH n LIMIT {DELETED_AT_ONCE} DETACH DELETE n RETURN count(*) AS deleted"
        while self.query(portion, name=name)[0]["deleted"]:
            continue

    def start(self, log: str, **process: Any) -> Program:
        """Start the scene's worker; its log is ``log`` in the scene's folder."""
        return Program(["worker", self.worker], self.environment, self.folder / log, **process)

    def serializer(self) -> Serializer:
        return Serializer(self.settings.schema_registry.url, self.topic, self.schemas / self.worker)

    def log(self) -> Log:
        return Log(self.settings.kafka.bootstrap_servers, self.topic)

    def lag(self) -> int:
        """Return the number of records that the group has not committed."""
        return sum(part.lag for part in group_lag(self.settings.kafka, self.group, self.topic).values())

    def until_caught_up(self, *programs: Program) -> None:
        """Wait until the lag is zero, for as long as it shrinks: there may be 200,000 records."""
        left = self.lag()
        while left:
            (left,) = until(partial(self._less_than, left), f"lag of {self.group} below {left}", *programs)

    def _less_than(self, before: int) -> tuple[int] | None:
        return (now,) if (now := self.lag()) < before else None

    def watermarks(self) -> dict[int, int]:
        """Return the last offset in the graph, by partition."""
        cypher = (
            "MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix AND w.offset >= 0 RETURN w.id AS id, w.offset AS offset"
        )
        rows = self.query(cypher, prefix=f"{self.worker}/{self.topic}/")
        return {int(row["id"].rpartition("/")[2]): row["offset"] for row in rows}

    def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        server = self.settings.neo4j
        auth = (server.username, server.password.get_secret_value())
        with neo4j.GraphDatabase.driver(server.uri, auth=auth) as driver:
            records, _, _ = driver.execute_query(cypher, parameters, database_=server.database)
        return [record.data() for record in records]
