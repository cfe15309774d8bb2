"""Schema versions published by SQL, through both workers, with a person's approval."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.end_to_end.program import Program, run, until
from tests.end_to_end.scene import Scene
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

TOPOLOGY = """\
schemas: {schemas}
topics:
  registry-changes: {{partitions: 6, key: model_id, max_message_bytes: 16777216}}
  {name}-events: {{partitions: 1, key: schema_id}}
  schema-notifications: {{partitions: 1, key: schema_id}}
  registry-confirmations: {{partitions: 1, key: schema_id}}
workers:
  registry: {{topic: registry-changes, group: {name}-registry, session_timeout_seconds: 6}}
  evolution: {{topic: "{name}-events", group: "{name}-group", session_timeout_seconds: 6}}
"""
PUBLISH = "INSERT INTO schemas (schema_id, version, json_schema, compatible_models) VALUES (%s, %s, %s, %s)"
STATE = "MATCH (m:SchemaMigration {schema_id: $id, to_version: $version}) RETURN m.state AS state, m.change_class AS is"
USED = "MATCH (m:Model {model_id: $id})-[:USES_SCHEMA]->(v)<-[:CURRENT_VERSION]-(:Schema) RETURN v.version AS version"


class Registry(Scene):
    """A scene with both workers, one schema and one model."""

    def write_topology(self, partitions: int) -> None:
        assert partitions == 1
        self.topology_path.write_text(TOPOLOGY.format(schemas=self.schemas, name=self.name))

    @property
    def schema_id(self) -> str:
        return f"{self.name}-tool"

    @property
    def model_id(self) -> str:
        return f"{self.name}-model"

    def publish(self, database: psycopg.Connection[Any], version: str, **properties: object) -> None:
        contents = {"type": "object", "properties": properties, "additionalProperties": False}
        database.execute(PUBLISH, [self.schema_id, version, json.dumps(contents), [self.model_id]])

    def until_migrated(self, version: str, change_class: str, state: str, *programs: Program) -> None:
        wanted = {"state": state, "is": change_class}
        until(lambda: wanted in self.query(STATE, id=self.schema_id, version=version), f"{version} {state}", *programs)

    def version_in_use(self) -> list[str]:
        return [row["version"] for row in self.query(USED, id=self.model_id)]

    def tear_down(self) -> None:
        self.query("MATCH (n) WHERE n.schema_id = $id DETACH DELETE n", id=self.schema_id)
        super().tear_down()


@pytest.fixture
def registry(settings: Settings, stack_with_cdc: RunningStack, tmp_path: Path) -> Iterator[Registry]:
    name = f"sql-{uuid4().hex[:8]}"
    registry = Registry(settings, stack_with_cdc.environment, tmp_path, name, 1, worker="evolution")
    registry.set_up()
    yield registry
    registry.tear_down()


@pytest.fixture
def database(stack_with_cdc: RunningStack, registry: Registry) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack_with_cdc.registry_database, autocommit=True) as connection:
        yield connection
        connection.execute("DELETE FROM schemas WHERE schema_id = %s", [registry.schema_id])


def test_versions_published_by_sql_are_migrated_to_or_wait_for_a_person(
    registry: Registry, database: psycopg.Connection[Any]
) -> None:
    text, number = {"type": "string"}, {"type": "number"}
    registry.publish(database, "1.0.0", city=text)
    with (
        Program(["worker", "registry"], registry.environment, registry.folder / "registry.log") as changes,
        registry.start("evolution.log") as evolution,
    ):
        programs = (changes, evolution)
        registry.until_migrated("1.0.0", "backward", "CONFIRMED", *programs)
        registry.publish(database, "1.1.0", city=text, unit=text)
        registry.until_migrated("1.1.0", "backward", "CONFIRMED", *programs)
        assert registry.version_in_use() == ["1.1.0"]
        registry.publish(database, "2.0.0", city=number)
        registry.until_migrated("2.0.0", "breaking", "AWAITING_APPROVAL", *programs)
        why = ["--why", "cities are texts", "--by", "a test"]
        code, _, _ = run(["registry", "reject", registry.schema_id, "2.0.0", *why], registry.environment)
        assert code == 0
        registry.until_migrated("2.0.0", "breaking", "REJECTED", *programs)
        assert registry.version_in_use() == ["1.1.0"]
        assert [program.stop() for program in programs] == [0, 0]
