"""All checks with the real servers that the environment names; unique topics and groups."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack
from workers.ops.doctor.examine import examine
from workers.ops.doctor.finding import State
from workers.pipelines.fleet import load_topology

ROOT = Path(__file__).parents[4]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Return a topic that the topology names, but that does not exist yet."""
    name = f"doctor-{uuid4().hex}"
    file = tmp_path / "topology.yaml"
    file.write_text(
        f"schemas: {ROOT / 'schemas/avro'}\n"
        f"topics: {{{name}: {{partitions: 1, max_message_bytes: 2000000}}}}\n"
        f"workers: {{telemetry: {{topic: {name}, group: {name}}}}}\n"
    )
    monkeypatch.setenv("MEMORY_GRAPH_TOPOLOGY", str(file))
    yield name
    admin = Admin(Settings.from_environment().kafka)
    left = [topic for topic in admin.topics() if topic.startswith(name)]
    if left:
        admin.results(admin.client.delete_topics(left))


async def states() -> dict[str, State]:
    return {finding.check: finding.state for finding in await examine()}


async def test_what_is_missing_is_a_problem_and_what_is_there_is_not(topic: str) -> None:
    found = await states()

    assert {found[check] for check in ("settings", "topology", "kafka", "schema registry", "neo4j")} == {State.OK}
    assert found[f"topic {topic}"] is found[f"topic {topic}.dlq"] is State.PROBLEM
    assert found[f"schemas of {topic}"] is State.OK
    assert "worker telemetry" not in found


async def test_what_has_been_applied_is_in_order(topic: str) -> None:
    settings = Settings.from_environment()
    apply_topology(settings.kafka, load_topology(settings.topology_path), execute=True)

    found = await states()

    assert found[f"topic {topic}"] is found[f"topic {topic}.dlq"] is found["worker telemetry"] is State.OK


async def test_servers_that_turn_us_away_do_not_hide_the_others(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_PASSWORD", "not the password")
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", "http://127.0.0.1:1")

    found = await states()

    assert (found["neo4j"], found["schema registry"]) == (State.MISCONFIGURED, State.UNREACHABLE)
    assert found[f"topic {topic}"] is State.PROBLEM


async def test_the_connector_is_looked_at_where_connect_is_named(
    topic: str, monkeypatch: pytest.MonkeyPatch, stack_with_cdc: RunningStack
) -> None:
    monkeypatch.delenv("KAFKA_CONNECT_URL", raising=False)
    assert "connector registry" not in await states()

    monkeypatch.setenv("KAFKA_CONNECT_URL", stack_with_cdc.kafka_connect)
    assert (await states())["connector registry"] is State.OK

    monkeypatch.setenv("KAFKA_CONNECT_URL", "http://127.0.0.1:1")
    assert (await states())["connector registry"] is State.UNREACHABLE


async def test_without_usable_settings_nothing_further_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PORT", "none")

    assert await states() == {"settings": State.MISCONFIGURED}
