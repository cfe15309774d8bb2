"""The registry worker counts usage once, despite kills and lost answers."""

from asyncio import timeout, to_thread
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastavro import schemaless_reader

from tests.end_to_end.outsider import SCHEMAS, read_all, read_schema
from tests.end_to_end.program import PATIENCE_SECONDS, Program, get
from tests.integration.pipelines.usage.conftest import BEGIN, HOUR, World
from tests.model.naive_usage import naive_usage
from tests.model.traffic import seeded
from tests.registry_api_server import DROP, RegistryApiServer
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topics import apply_topology
from workers.config.settings import Settings
from workers.pipelines.fleet import load_topology
from workers.pipelines.registry.times import iso_seconds

TOPOLOGY = """\
schemas: {schemas}
topics:
  {name}-changes: {{partitions: 2, key: model_id}}
  {name}-usage: {{partitions: 2, key: model_id}}
workers:
  registry:
    topic: {name}-changes
    group: {name}
    session_timeout_seconds: 6
    retry: {{initial_ms: 10, max_ms: 200}}
    usage: {{topic: {name}-usage, every_seconds: 1}}
"""
DUE = "MATCH (w:UsageWindow) WHERE w.model_id STARTS WITH $name AND w.post_at IS NOT NULL RETURN w.refusals AS refusals"
POSTED = "MATCH (w:UsageWindow) WHERE w.model_id STARTS WITH $name AND w.posted_at IS NOT NULL RETURN w.stats_id AS id"


@pytest.fixture
async def api() -> AsyncIterator[RegistryApiServer]:
    async with RegistryApiServer() as server:
        yield server


@pytest.fixture
def topology(world: World, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "topology.yaml"
    path.write_text(TOPOLOGY.format(name=world.name, schemas=SCHEMAS))
    kafka = Settings.from_environment().kafka
    apply_topology(kafka, load_topology(path), execute=True)
    yield path
    admin = Admin(kafka)
    admin.results(admin.client.delete_topics([topic for topic in admin.topics() if topic.startswith(world.name)]))


def worker(topology: Path, log: str, **environment: str) -> Program:
    return Program(
        ["worker", "registry"], {"MEMORY_GRAPH_TOPOLOGY": str(topology), **environment}, topology.parent / log
    )


def expected(world: World) -> dict[tuple[str, int], Any]:
    return naive_usage(world.calls, HOUR, 10)


async def until_posted(world: World, count: int, program: Program) -> None:
    """Wait until this many windows are marked as posted."""
    async with timeout(PATIENCE_SECONDS):
        while len(await world.query(POSTED)) < count:
            program.check()


async def test_an_api_that_fails_and_a_worker_that_is_killed_come_to_one_count_of_each_window(
    world: World, api: RegistryApiServer, topology: Path
) -> None:
    await world.add(world.drawn(seeded(9), 60))
    windows = expected(world)
    api.answers = [503, DROP, 429]
    with worker(topology, "first.log", REGISTRY_API_URL=api.url, REGISTRY_API_TOKEN="letmein-0123") as first:
        api.before_answering = first.kill
        await api.until_received(4)
    (unheard,) = api.times
    assert unheard not in {row["id"] for row in await world.query(POSTED)}
    api.before_answering = lambda: None
    with worker(topology, "second.log", REGISTRY_API_URL=api.url, REGISTRY_API_TOKEN="letmein-0123") as second:
        await until_posted(world, len(windows), second)
        code = await to_thread(second.stop)
    assert code == 0
    told = [body for path, body in api.accepted.values() if world.name in path]
    counts = {path.split("/")[5] + body["time_range"]["start"]: body["metrics"] for path, body in api.accepted.values()}
    assert len(told) == len(windows), "each window has one key"
    assert {key: count for key, count in counts.items() if world.name in key} == {
        quote(model_id) + iso_seconds(start): metrics for (model_id, start), metrics in windows.items()
    }
    assert [key for key, times in api.times.items() if times > 1] == [unheard]
    assert await world.query(DUE) == []
    for log in ("first.log", "second.log"):
        assert "letmein" not in (topology.parent / log).read_text()


async def test_a_model_that_the_registry_does_not_know_waits_and_the_others_are_told(
    world: World, api: RegistryApiServer, topology: Path
) -> None:
    await world.add(world.drawn(seeded(10), 40))
    windows = expected(world)
    unknown = [window for window in windows if window[0].endswith("-c")]
    api.answer_of[f"/api/v1/registry/models/{world.name}-c/usage-stats"] = 404
    with worker(topology, "worker.log", REGISTRY_API_URL=api.url) as running:
        address = await to_thread(running.until_ready)
        await until_posted(world, len(windows) - len(unknown), running)
        refused = await to_thread(running.until_logged, "step refused, the other steps continue", len(unknown))
        page = (await to_thread(get, f"{address}/metrics")).text
        await to_thread(running.stop)
    assert "add what the path names to the registry" in refused[0]["reason"]
    assert 'job_steps_total{job="usage_reports",status="refused"}' in page
    assert [row["refusals"] for row in await world.query(DUE)] == [1] * len(unknown)


async def test_without_an_api_a_topic_has_it_by_model(world: World, topology: Path) -> None:
    await world.add(world.drawn(seeded(11), 40))
    windows = expected(world)
    with worker(topology, "worker.log") as running:
        await until_posted(world, len(windows), running)
    schema = read_schema(SCHEMAS / "registry" / "UsageStats.avsc")
    found = {}
    for message in await to_thread(
        read_all, Settings.from_environment().kafka.bootstrap_servers, f"{world.name}-usage"
    ):
        told: Any = schemaless_reader(BytesIO((message.value() or b"")[5:]), schema, None)
        start = round(told["window_start"].timestamp() * 1000)
        if told["model_id"].startswith(world.name):
            assert message.key() == told["model_id"].encode()
            found[told["model_id"], start] = {name: told[name] for name in next(iter(windows.values()))}
    assert found == windows
    assert BEGIN in {start for _, start in found}
