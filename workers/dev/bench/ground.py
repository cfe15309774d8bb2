"""The servers, folder and unique names of a benchmark run."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import Schema, load_reader_schemas
from workers.adapters.graph.driver import explained, open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.dev.bench.graph_access import RunGraph
from workers.dev.bench.measure.collector import collector
from workers.dev.bench.measure.machine import Servers, server_at
from workers.pipelines.fleet import FLEET, load_topology

TELEMETRY, AUDIT = "telemetry", "audit"


@dataclass(frozen=True, slots=True)
class Ground:
    """What every part of a run shares. ``run`` is the prefix of its topics and groups, ``worker`` the one measured."""

    settings: Settings
    topology: Topology
    folder: Path
    run: str
    graph: RunGraph
    encoder: AvroEncoder
    collector: str
    servers: Servers
    worker: str = TELEMETRY

    @property
    def subject_topic(self) -> str:
        """The topic whose subjects the schemas use.

        It is the real one, so that the run leaves no subjects.
        """
        return self.topology.workers[self.worker].topic

    def topology_file(
        self, topic: str, group: str, partitions: int, changed: Mapping[str, Any] = MappingProxyType({})
    ) -> Path:
        """Write a topology with only our worker, on another topic and in another group.

        Its tuning is the project's, except for the blocks in ``changed``.
        """
        options = self.topology.workers[self.worker]
        tuning = options.model_dump() | {"topic": topic, "group": group, **changed}
        published = {each: self.topology.topics[each].model_dump() for each in FLEET[self.worker].publishes(options)}
        spec = self.topology.topics[self.subject_topic].model_dump() | {"partitions": partitions}
        document = {
            "schemas": str(self.topology.schemas_folder.resolve()),
            "replication_factor": self.topology.replication_factor,
            "topics": {topic: spec} | published,
            "workers": {self.worker: tuning},
        }
        path = self.folder / f"{group}.yaml"
        path.write_text(json.dumps(document, indent=1))  # JSON is YAML, too
        return path

    async def make_topic(self, topic: str, partitions: int) -> None:
        """Create a topic and its dead-letter topic. Raises ``Unreachable``, ``Misconfigured``."""
        topology = load_topology(self.topology_file(topic, topic, partitions))
        await asyncio.to_thread(apply_topology, self.settings.kafka, topology, execute=True)

    def watermarks(self, topic: str) -> str:
        """Return the prefix of the ids of our worker's watermarks of a topic."""
        return f"{self.worker}/{topic}/"


@asynccontextmanager
async def open_ground(folder: Path) -> AsyncIterator[Ground]:
    """Connect to the environment's servers; finally remove the run's topics and groups.

    Raises ``Unreachable``, ``Misconfigured``.
    """
    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    async with open_driver(settings.neo4j) as driver:
        with explained(settings.neo4j):
            await migrate(driver, settings.neo4j.database)
    registry = SchemaRegistry(settings.schema_registry)
    run = f"bench-{uuid4().hex[:8]}"
    try:
        async with RunGraph(settings.neo4j) as graph:
            with collector() as address:
                yield Ground(
                    settings=settings,
                    topology=topology,
                    folder=folder,
                    run=run,
                    graph=graph,
                    encoder=AvroEncoder(registry, _schemas(topology)),
                    collector=address,
                    servers=Servers(
                        server_at(settings.neo4j.uri), server_at(settings.kafka.bootstrap_servers.split(",")[0])
                    ),
                )
    finally:
        await registry.aclose()
        await asyncio.to_thread(_remove, settings, run)


def _schemas(topology: Topology) -> dict[str, Schema]:
    return {
        name: schema
        for worker in (TELEMETRY, AUDIT)
        for name, schema in load_reader_schemas(topology.schemas_folder / worker).items()
    }


def _remove(settings: Settings, run: str) -> None:
    admin = Admin(settings.kafka)
    topics = [topic for topic in admin.topics() if topic.startswith(run)]
    if topics:
        admin.results(admin.client.delete_topics(topics))
    listed = admin.result(admin.client.list_consumer_groups())
    groups = [each.group_id for each in listed.valid if each.group_id.startswith(run)]
    if groups:
        # The group of a killed member still exists for a while. It expires later, and no consumer reads it.
        for answer in admin.client.delete_consumer_groups(groups).values():
            answer.exception()
