"""Create the topics, constraints and schemas that workers need."""

import asyncio

from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas, register_schemas
from workers.adapters.graph.driver import explained, open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.core.worker import WireFormat
from workers.pipelines.fleet import FLEET


async def prepare(settings: Settings, topology: Topology, workers: list[str]) -> None:
    """Create what is missing; can be repeated. Raises ``Misconfigured``, ``Unreachable``."""
    plan = await asyncio.to_thread(apply_topology, settings.kafka, topology, execute=True)
    if plan.refusals:
        raise Misconfigured("; ".join(plan.refusals))
    async with open_driver(settings.neo4j) as driver:
        with explained(settings.neo4j):
            await migrate(driver, settings.neo4j.database)
    await _register(settings, topology, workers)


async def _register(settings: Settings, topology: Topology, workers: list[str]) -> None:
    registry = SchemaRegistry(settings.schema_registry)
    try:
        for name in workers:
            if FLEET[name].wire_format is WireFormat.DEBEZIUM:  # Debezium registers theirs
                continue
            schemas = load_reader_schemas(topology.schemas_folder / name)
            await register_schemas(registry, topology.workers[name].topic, schemas)
    except Retryable as error:
        raise Unreachable(f"{error}, or start it (`memory-graph stack up`)") from error
    finally:
        await registry.aclose()
