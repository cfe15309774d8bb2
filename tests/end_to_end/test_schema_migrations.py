"""Schema migrations with a real evolution worker, from graph to registry API.

The worker is killed between every two of its steps; approvals come from the command line.
"""

import asyncio
import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.chaos.running.worker_process import WorkerProcess
from tests.end_to_end.outsider import read_all
from tests.end_to_end.program import Program, get, run, until
from tests.end_to_end.scene import Scene
from tests.registry_api_server import RegistryApiServer
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import Settings
from workers.core.fingerprint import fingerprint
from workers.dev.stack.running import RunningStack
from workers.pipelines.fleet import load_topology

TOPOLOGY = """\
schemas: {schemas}
topics:
  {name}-events: {{partitions: 1, key: schema_id}}
  schema-notifications: {{partitions: 1, key: schema_id}}
  registry-confirmations: {{partitions: 1, key: schema_id}}
workers:
  evolution:
    topic: {name}-events
    group: {name}-group
    session_timeout_seconds: 6
"""
PUBLISH = """
MERGE (s:Schema {schema_id: $schema_id})
MERGE (v:SchemaVersion {version_id: $schema_id + '@' + $version})
SET v.schema_id = $schema_id, v.version = $version, v.json_schema = $contents, v.hash = $hash,
    v.published_at = datetime(), v.sync_timestamp = datetime()
MERGE (s)-[:HAS_VERSION]->(v)
MERGE (m:Model {model_id: $model_id})
MERGE (v)-[:COMPATIBLE_WITH]->(m)
"""
STATE = "MATCH (m:SchemaMigration {schema_id: $schema_id, to_version: $version}) RETURN m.state AS state"
OUTCOME = """
MATCH (s:Schema {schema_id: $schema_id})-[:CURRENT_VERSION]->(v)
RETURN collect(v.version) AS current, COLLECT { MATCH (m:Model)-[:USES_SCHEMA]->(v) RETURN m.model_id } AS users
"""
NARROW, OTHER = '{"enum": ["C"]}', '{"enum": ["K"]}'
TITLED = '{"enum": ["C"], "title": "a scale"}'
MOMENTS = {
    *("SchemaPublished", "MigrationExecuted", "MigrationVerified", "MigrationConfirmed", "SchemaNotification", "POST"),
    *("announced", "announced SCHEDULED", "announced EXECUTED", "announced VERIFIED", "notified"),
    *("wrote SCHEDULED", "wrote EXECUTED", "wrote VERIFIED", "wrote CONFIRMED", "wrote AWAITING_APPROVAL"),
}


class Stage(Scene):
    """A scene of the evolution worker, with one schema."""

    @property
    def schema_id(self) -> str:
        return f"{self.name}-tool"

    def write_topology(self, partitions: int) -> None:
        assert partitions == 1
        self.topology_path.write_text(TOPOLOGY.format(schemas=self.schemas, name=self.name))

    def publish(self, version: str, contents: str) -> None:
        parameters = {"version": version, "contents": contents, "hash": fingerprint(contents)}
        self.query(PUBLISH, schema_id=self.schema_id, model_id=f"{self.name}-m", **parameters)

    def state(self, version: str) -> str | None:
        rows = self.query(STATE, schema_id=self.schema_id, version=version)
        return rows[0]["state"] if rows else None

    def until_state(self, version: str, state: str, *programs: Program) -> None:
        until(lambda: self.state(version) == state, f"{version} {state}", *programs)

    def outcome(self) -> dict[str, Any]:
        (row,) = self.query(OUTCOME, schema_id=self.schema_id)
        return row

    def command(self, *arguments: str) -> tuple[int, str, str]:
        return run(["registry", *arguments], self.environment)

    def keyed(self, topic: str) -> int:
        """Count the records with the schema as key."""
        messages = read_all(self.settings.kafka.bootstrap_servers, topic)
        return sum(message.key() == self.schema_id.encode() for message in messages)

    def tear_down(self) -> None:
        self.query("MATCH (n) WHERE n.schema_id = $id DETACH DELETE n", id=self.schema_id)
        super().tear_down()


@pytest.fixture
def stage(settings: Settings, stack: RunningStack, tmp_path: Path) -> Iterator[Stage]:
    name = f"evolution-{uuid4().hex[:8]}"
    stage = Stage(settings, stack.environment, tmp_path, name, 1, worker="evolution")
    stage.set_up()
    apply_topology(settings.kafka, load_topology(stage.topology_path), execute=True)
    yield stage
    stage.tear_down()


@pytest.fixture
def api() -> Iterator[RegistryApiServer]:
    """Serve the registry's API in a thread, because the test itself blocks."""
    server, serving, ended = RegistryApiServer(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with server:
            serving.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert serving.wait(30)
    yield server
    loop.call_soon_threadsafe(ended.set)
    thread.join()
    loop.close()


def test_a_compatible_version_is_migrated_to_and_a_breaking_one_waits_for_a_person(stage: Stage) -> None:
    stage.publish("1", NARROW)
    with stage.start("worker.log") as worker:
        address = worker.until_ready()
        stage.until_state("1", "CONFIRMED", worker)
        assert stage.outcome() == {"current": ["1"], "users": [f"{stage.name}-m"]}
        assert stage.keyed("registry-confirmations") == 1
        stage.publish("2", OTHER)
        stage.until_state("2", "AWAITING_APPROVAL", worker)
        until(lambda: stage.keyed("schema-notifications") == 1, "a notification", worker)
        until(lambda: gauge(address) >= 1, "the gauge", worker)
        assert stage.outcome()["current"] == ["1"], "it waits"
        decide_by_the_command_line(stage)
        stage.until_state("2", "CONFIRMED", worker)
        assert stage.outcome() == {"current": ["2"], "users": [f"{stage.name}-m"]}
        page = get(f"{address}/metrics").text
        assert worker.stop() == 0
    for state in ("AWAITING_APPROVAL", "CONFIRMED"):
        assert f'schema_migrations_total{{change_class="breaking",state="{state}"}} 1.0' in page
    told = {
        line["state"]: line["explanation"] for line in worker.events("schema migration") if "@2#" in line["migration"]
    }
    assert told["SCHEDULED"] == "ada: planned"
    code, _, error = stage.command("reject", stage.schema_id, "2", "--why", "too late")
    assert (code, "is CONFIRMED (decided by ada) and waits for no decision" in error) == (1, True)


def test_a_confirmation_that_the_api_refuses_is_listed_and_holds_up_no_later_version(
    stage: Stage, api: RegistryApiServer
) -> None:
    stage.environment = {**stage.environment, "REGISTRY_API_URL": api.url}
    api.answers = [404]
    stage.publish("1", NARROW)
    with stage.start("worker.log") as worker:
        worker.until_ready()
        until(lambda: any(each["refused_why"] for each in listed(stage)), "a refusal", worker)
        (refused,) = listed(stage)
        assert (refused["state"], "404" in refused["refused_why"]) == ("VERIFIED", True)
        code, table, _ = run(["registry", "list"], {**stage.environment, "COLUMNS": "400"})
        assert (code, "refused_why" in table, refused["confirm_at"] in table) == (0, True, True)
        stage.publish("2", TITLED)
        stage.until_state("2", "CONFIRMED", worker)
        assert stage.state("1") == "VERIFIED", "it is sent again in a minute"
        assert worker.stop() == 0


def listed(stage: Stage) -> list[dict[str, Any]]:
    code, out, error = stage.command("list", "--schema", stage.schema_id, "-o", "json")
    assert code == 0, error
    found: list[dict[str, Any]] = json.loads(out)
    return found


def decide_by_the_command_line(stage: Stage) -> None:
    code, _, error = stage.command("approve", stage.schema_id, "9", "--why", "planned")
    assert (code, "has no migration to version '9'" in error) == (2, True)
    code, _, error = stage.command("approve", stage.schema_id, "2", "--why", " ")
    assert (code, "--why is empty" in error) == (2, True)
    code, out, _ = stage.command("approve", stage.schema_id, "2", "--why", "planned", "--by", "ada", "-o", "json")
    assert (code, json.loads(out)["approved"]) == (0, True)
    code, out, _ = stage.command("list", "--schema", stage.schema_id, "-o", "json")
    assert (code, [each["version"] for each in json.loads(out)]) == (0, ["1", "2"])


def gauge(address: str) -> float:
    lines = get(f"{address}/metrics").text.splitlines()
    name = "llm_memory_graph_schema_migrations_awaiting_approval "
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


def test_a_worker_killed_between_every_two_steps_ends_in_the_same_state(stage: Stage, api: RegistryApiServer) -> None:
    survived = stage.folder / "survived"
    survived.touch()
    stage.environment = {**stage.environment, "REGISTRY_API_URL": api.url, "SURVIVED": str(survived)}
    stage.publish("1", NARROW)
    lived_through(stage, lambda: stage.state("1") == "CONFIRMED")
    stage.publish("2", OTHER)
    lived_through(stage, lambda: "notified" in survived.read_text() and stage.state("2") == "AWAITING_APPROVAL")
    assert stage.command("approve", stage.schema_id, "2", "--why", "planned")[0] == 0
    lived_through(stage, lambda: stage.state("2") == "CONFIRMED")
    assert set(survived.read_text().splitlines()) == MOMENTS, "it was killed at each, once"
    assert stage.outcome() == {"current": ["2"], "users": [f"{stage.name}-m"]}
    keys = [key for key in api.accepted if stage.schema_id in key]
    assert [key.partition("#")[0] for key in keys] == [f"{stage.schema_id}@1", f"{stage.schema_id}@2"]
    assert max(api.times.values()) > 1, "it was killed after a request, so that it asked again, under the same key"
    assert read_all(stage.settings.kafka.bootstrap_servers, f"{stage.topic}.dlq") == []


def lived_through(stage: Stage, done: Callable[[], bool]) -> None:
    """Restart the worker after each kill, until it is done."""
    environment = {"METRICS_PORT": "0", **stage.environment}
    for life in range(2 * len(MOMENTS)):
        log = stage.folder / f"life-{life}.log"
        worker = WorkerProcess("evolution", environment, log, module="tests.end_to_end.killed_between_steps")
        try:
            until(
                lambda: worker.exit_code is not None or (done() and stage.lag() == 0),  # noqa: B023 - it is called at once
                f"done, or killed: {log}",
            )
            if worker.exit_code is None:
                return
            assert worker.exit_code == -signal.SIGKILL, worker.tail()
        finally:
            worker.kill()
    raise AssertionError(f"not done in {2 * len(MOMENTS)} lives")
