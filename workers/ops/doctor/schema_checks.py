"""The schema registry: does it answer, does it have the schemas that the workers' records are written with."""

import asyncio
from collections.abc import Mapping

from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import Schema, load_reader_schemas, subject_of
from workers.config.settings import SchemaRegistrySettings
from workers.config.topology import Topology
from workers.core.errors import Misconfigured, Retryable
from workers.core.worker import WireFormat
from workers.ops.doctor.finding import Finding, failed, ok, problem
from workers.pipelines.fleet import FLEET


async def check_schemas(settings: SchemaRegistrySettings, topology: Topology) -> list[Finding]:
    """Look up every worker's schemas, each under the subject of its topic."""
    registry = SchemaRegistry(settings)
    try:
        per_worker = [
            await _check_worker(registry, worker.topic, load_reader_schemas(topology.schemas_folder / name))
            for name, worker in topology.workers.items()
            if _registered_by_producers(name)
        ]
    except (Misconfigured, Retryable) as error:
        return [failed("schema registry", error)]
    finally:
        await registry.aclose()
    return [
        ok("schema registry", f"{settings.url} answers"),
        *(finding for findings in per_worker for finding in findings),
    ]


def _registered_by_producers(worker: str) -> bool:
    """Tell whether its schemas must be there. Debezium, or the worker itself, registers them when first needed."""
    factory = FLEET[worker]
    return factory.wire_format is WireFormat.AVRO and not factory.writes_own_topic


async def _check_worker(registry: SchemaRegistry, topic: str, schemas: Mapping[str, Schema]) -> list[Finding]:
    """Check all schemas of a topic; before its first producer has come, none of them can be there."""
    subjects = [subject_of(topic, name) for name in schemas]
    ids = await asyncio.gather(*map(registry.registered_id, subjects, schemas.values()))
    if not any(schema_id is not None for schema_id in ids):
        return [ok(f"schemas of {topic}", "no producer has registered any of them in its present version yet")]
    return [_check_subject(subject, schema_id) for subject, schema_id in zip(subjects, ids, strict=True)]


def _check_subject(subject: str, schema_id: int | None) -> Finding:
    if schema_id is None:
        return problem(
            f"schema {subject}",
            "is not registered in its present version, and others of its topic are; its first producer registers it, "
            "such as `memory-graph sample`",
        )
    return ok(f"schema {subject}", f"registered with id {schema_id}")
