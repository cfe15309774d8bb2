"""Deleted models: kept during the grace and while in use, then deleted completely."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from tests.integration.pipelines.registry_worker.conftest import Neo4j
from tests.model.registry_source import Source
from tests.unit.pipelines.registry.driven import Table, worker
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.graph.reader import Neo4jReader
from workers.adapters.graph.recorder import Neo4jRecorder
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import KafkaSettings, Settings
from workers.config.topology import Topology
from workers.config.worker_options import WorkerOptions
from workers.core.job import PeriodicJob, Step
from workers.core.record import ConsumedRecord
from workers.ops.dead_letters.audit import TOPIC
from workers.ops.model_purge import Due, models_due, purge_models
from workers.pipelines.fleet import load_topology
from workers.pipelines.registry.jobs.deleted_in_use import DeletedInUse
from workers.pipelines.registry.jobs.purge_models import PurgeModels
from workers.pipelines.registry.options import Merge

NO_GRACE = worker(merge=Merge.model_validate({"deleted_models": {"grace_days": 0}}))
ABOUT = {"version": "2024-01-01", "provider": "acme", "metadata": '{"capabilities": ["chat"]}'}
USED_ONCE = """
MATCH (m:Model {model_id: $id})
CREATE (m)-[:HAS_USAGE]->(:UsageWindow {id: $id + '@2024-01-01T00:00:00Z', model_id: $id})
"""
COMPARED = """
MATCH (m:Model {model_id: $id}) SET m.names_compared_at = datetime() + duration({seconds: 1})
"""
USES: dict[str, str] = {
    "Invocation": "MATCH (m:Model {model_id: $id}) CREATE (:Invocation {key: $id, model_id: $id})-[:USES_MODEL]->(m)",
    "Invocation of a version": """
        MATCH (:Model {model_id: $id})-[:HAS_VERSION]->(v {version: 'v2'})
        CREATE (:Invocation {key: $id, model_id: $id})-[:USES_VERSION]->(v)""",
    "PerformanceMetric": """
        MATCH (m:Model {model_id: $id})
        CREATE (m)-[:HAS_METRIC]->(:Invocation {key: $id, model_id: $id})""",
}


async def deleted(graph: Neo4j, spec: Any = NO_GRACE) -> str:
    """Write a model, then delete it; return its id."""
    model_id, source = f"{graph.name}-m", Source()
    source.put("models", {"model_id": model_id, **ABOUT})
    source.put("model_versions", {"model_id": model_id, "version": "v2"})
    source.delete("models", model_id)
    await graph.run(Table(spec).take(source.log))
    await graph.query(USED_ONCE, id=model_id)
    await graph.query(COMPARED, id=model_id)
    return model_id


async def due(graph: Neo4j) -> list[Due]:
    async with GraphConnection(Settings.from_environment().neo4j) as connection:
        return [each for each in await models_due(connection) if each.model_id.startswith(graph.name)]


async def purge(models: Sequence[Due]) -> list[str]:
    async with GraphConnection(Settings.from_environment().neo4j) as connection:
        return await purge_models(connection, models)


async def left(graph: Neo4j) -> list[str]:
    labels = [label for label, _ in (await graph.snapshot()).nodes if label != "Capability"]
    usage = await graph.query("MATCH (w:UsageWindow) WHERE w.model_id STARTS WITH $name RETURN w", name=graph.name)
    return sorted(labels + ["UsageWindow"] * len(usage))


async def test_a_model_that_nothing_uses_goes_with_its_prices_and_versions(graph: Neo4j) -> None:
    model_id = await deleted(graph)
    found = await due(graph)
    assert [(each.model_id, each.used_by) for each in found] == [(model_id, ())]
    assert await left(graph) == ["Model", "ModelVersion", "ModelVersion", "Price", "UsageWindow"], (
        "looking changes nothing"
    )
    assert await purge(found) == [model_id]
    assert await left(graph) == []


async def test_within_its_grace_a_deleted_model_is_not_due(graph: Neo4j) -> None:
    spec = worker(merge=Merge.model_validate({"deleted_models": {"grace_days": 36_500}}))
    await deleted(graph, spec)
    assert await due(graph) == []
    assert await run(graph, PurgeModels()) == []
    assert "Model" in await left(graph)


@pytest.mark.parametrize("use", USES)
async def test_a_model_in_use_stays_also_when_it_came_into_use_after_the_look(graph: Neo4j, use: str) -> None:
    model_id = await deleted(graph)
    seen_unused = await due(graph)
    await graph.query(USES[use], id=model_id)
    assert await purge(seen_unused) == []
    (seen_used,) = await due(graph)
    assert [count for _, count in seen_used.used_by] == [1]
    assert await purge([seen_used]) == []
    assert await run(graph, PurgeModels()) == []
    assert await left(graph) == ["Model", "ModelVersion", "ModelVersion", "Price", "UsageWindow"]


NAMES_OF_CALLS = {
    "a name whose calls are not moved yet": """
        CREATE (:ModelName {id: $id, name: $id, model_ids: [$id], check_at: datetime()})""",
    "a name that was not compared with the model's last change": """
        MATCH (m:Model {model_id: $id}) SET m.sync_timestamp = m.names_compared_at
        CREATE (:ModelName {id: $id, name: $id, model_ids: []})""",
}


async def run(graph: Neo4j, job: PeriodicJob) -> list[Step]:
    """Run a round of a job on this test's models; return its steps."""
    rows = await Neo4jReader(graph.driver, graph.database).ask(job.query(0))
    steps = list(job.steps([row for row in rows if row["model_id"].startswith(graph.name)], 0))
    for step in steps:
        assert isinstance(step, Step)
        assert step.record
        await Neo4jRecorder(graph.driver, graph.database).record(step.record)
    return [step for step in steps if isinstance(step, Step)]


@pytest.mark.parametrize("use", NAMES_OF_CALLS)
async def test_a_model_stays_while_its_calls_may_be_under_another_name(graph: Neo4j, use: str) -> None:
    model_id = await deleted(graph)
    unused = await due(graph)
    await graph.query(NAMES_OF_CALLS[use], id=model_id)
    assert [[label for label, _ in each.used_by] for each in await due(graph)] == [["ModelName"]]
    assert await purge(unused) == []
    assert await run(graph, PurgeModels()) == []
    assert "Price" in await left(graph)


async def test_the_job_purges_what_nothing_uses(graph: Neo4j) -> None:
    await deleted(graph)
    assert len(await run(graph, PurgeModels())) == 1
    assert await left(graph) == []
    assert await run(graph, PurgeModels()) == []


@pytest.mark.parametrize("used_first", [True, False])
async def test_a_deleted_model_in_use_is_found_whichever_came_first_and_kept_in_its_history(
    graph: Neo4j, *, used_first: bool
) -> None:
    model_id, source, table = f"{graph.name}-m", Source(), Table()
    source.put("models", {"model_id": model_id, **ABOUT})
    await graph.run(table.take(source.log))
    if used_first:
        await graph.query(USES["Invocation"], id=model_id)
    source.delete("models", model_id)
    await graph.run(table.take(source.log[-1:]))
    assert len(await run(graph, DeletedInUse())) == used_first
    if not used_first:
        await graph.query(USES["Invocation"], id=model_id)
        assert len(await run(graph, DeletedInUse())) == 1
    assert await run(graph, DeletedInUse()) == [], "once a deletion"
    source.put("models", {"model_id": model_id, **ABOUT, "provider": "another"})
    await graph.run(table.take(source.log[-1:]))
    shown = (await graph.snapshot()).nodes["Model", model_id]
    (record,) = shown["history"]
    assert (record["conflict"], record["resolution"]) == ("deleted_model_in_use", "soft_delete_with_grace_period")
    assert "deleted_at" not in shown
    source.delete("models", model_id)
    await graph.run(table.take(source.log[-1:]))
    assert len(await run(graph, DeletedInUse())) == 1
    assert len((await graph.snapshot()).nodes["Model", model_id]["history"]) == 2


async def test_a_model_that_comes_back_after_it_was_purged_is_written_whole(graph: Neo4j) -> None:
    model_id, source, table = f"{graph.name}-m", Source(), Table(NO_GRACE)
    source.put("models", {"model_id": model_id, **ABOUT, "effective_from": "2024-01-01T00:00:00Z"})
    source.put("models", {"model_id": model_id, "effective_from": "2024-02-01T00:00:00Z"})
    source.put("model_versions", {"model_id": model_id, "version": "v2"})
    await graph.run(table.take(source.log))
    before = (await graph.snapshot()).relationships
    source.delete("models", model_id)
    await graph.run(table.take(source.log[-1:]))
    await graph.query(COMPARED, id=model_id)
    await purge(await due(graph))
    source.put("models", {"model_id": model_id, **ABOUT, "effective_from": "2024-02-01T00:00:00Z"})
    await graph.run(table.take(source.log[-1:]))
    assert (await graph.snapshot()).relationships == before


async def test_the_command_shows_first_and_removes_when_told(graph: Neo4j) -> None:
    model_id = await deleted(graph)
    command = [sys.executable, "-m", "workers.cli.main", "registry", "purge", "-o", "json"]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: ASYNC221 - nothing else runs
    assert (shown["executed"], shown["purged"]) == (False, [])
    assert model_id in [each["model_id"] for each in shown["due"]]
    kafka = with_audit_events()
    acting = [*command, "--execute", "--why", "to end the test", "--as", graph.name]
    done = subprocess.run(acting, check=True, capture_output=True)  # noqa: ASYNC221 - same reason as above
    assert model_id in json.loads(done.stdout)["purged"]
    assert await left(graph) == []
    (event,) = (each.value for each in read_topic(kafka) if each.key == graph.name.encode())
    assert event is not None
    assert all(text.encode() in event for text in ("models.purged", "to end the test", model_id))


def with_audit_events() -> KafkaSettings:
    """Create the topic of audit events, if this stack does not have it."""
    settings = Settings.from_environment()
    topics = {TOPIC: load_topology(settings.topology_path).topics[TOPIC]}
    reader = WorkerOptions(topic=TOPIC, group=TOPIC)
    apply_topology(settings.kafka, Topology(topics=topics, workers={"reader": reader}), execute=True)
    return settings.kafka


def read_topic(kafka: KafkaSettings) -> list[ConsumedRecord]:
    reader = TopicReader(kafka, TOPIC)
    return list(reader.between({}, reader.end_offsets()))
