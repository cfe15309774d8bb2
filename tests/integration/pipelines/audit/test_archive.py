"""A worker whose archive cannot be written: events go on, lag and readiness say so, and nothing is missing later."""

import json
import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from uuid import uuid4

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.end_to_end.outsider import Log
from tests.end_to_end.program import Program, get, until
from tests.end_to_end.scene import Scene
from tests.integration.ops.audit.log_of_chains import create_topics
from tests.model import naive_archive, naive_chain
from tests.model.traffic import seeded
from tests.unit.pipelines.audit.records import RECORD, fields
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

EVENTS = 400
FULL_BYTES = 65_536
"""More than the worker's log has, less than the object."""
OPTIONS = """\
    checkpoint: {{every_events: 1000000, every_seconds: 1}}
    archive: {{url: {url}, every_seconds: 1}}
"""
CLEAR = """
MATCH (c:AuditChain {topic: $topic})
OPTIONAL MATCH (e:AuditEvent {topic: $topic})
OPTIONAL MATCH (n:AuditBatch|AuditCheckpoint {chain: c.id})
DETACH DELETE c, e, n
"""
COUNT = "MATCH (e:AuditEvent {topic: $topic}) RETURN count(e) AS n"
CONTENTS = "MATCH (n:User|Prompt|Completion) WHERE coalesce(n.user_id, n.id) STARTS WITH $name DETACH DELETE n"


@pytest.fixture
def scene(stack: RunningStack, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(Settings.from_environment(), stack.environment, tmp_path, f"audit-{uuid4().hex[:8]}", 1, "audit", 100)
    create_topics({"audit-checkpoints": 1})
    scene.set_up()
    yield scene
    scene.query(CLEAR, topic=scene.topic)
    scene.query(CONTENTS, name=scene.name)
    scene.tear_down()


def archived_at(scene: Scene, url: str) -> None:
    """Name the archive in the scene's topology."""
    text = scene.topology_path.read_text()
    scene.topology_path.write_text(text + OPTIONS.format(url=url))


def send(scene: Scene, log: Log, random: Random) -> list[dict[str, object]]:
    """Send events with texts that hardly compress."""
    events = []
    for number in range(EVENTS):
        own = {"audit_id": f"{scene.name}-{number}", "user_id": f"{scene.name}-u", "content_id": f"{scene.name}-c"}
        events.append(fields(**own, details={"ticket": random.randbytes(400).hex()}))
    serializer = scene.serializer()
    for event in events:
        log.send(str(event["content_id"]).encode(), serializer(RECORD, event))
    log.flush()
    return events


def lag(address: str) -> float:
    name = 'llm_memory_graph_audit_archive_lag_seconds{partition="0"} '
    lines = get(f"{address}/metrics").text.splitlines()
    return next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0.0)


def note(address: str) -> str:
    """Return what a worker that is ready all the same says about its archive."""
    page = get(f"{address}/readyz")
    assert page.status == 200, page.text
    return next((each for each in json.loads(page.text).get("notes", []) if "archive" in each), "")


def goes_on(scene: Scene, worker: Program, address: str) -> None:
    until(lambda: scene.query(COUNT, topic=scene.topic)[0]["n"] == EVENTS, "every event in the graph", worker)
    scene.until_caught_up(worker)
    found = until(lambda: note(address), "the note about the archive", worker)
    assert found.startswith("the archive of partition 0 waits: the object store"), found
    before = until(lambda: lag(address), "a lag of the archive", worker)
    until(lambda: lag(address) > before + 2, "a growing lag", worker)


def archived_hashes(folder: Path) -> Sequence[str]:
    objects = sorted(folder.rglob("*.gz"), key=lambda each: each.name)
    lines = [line for each in objects for line in naive_archive.read(each)]
    assert [each["hash"] for each in lines if each["kind"] == "event"] == [
        naive_archive.event_hash(each) for each in lines if each["kind"] == "event"
    ]
    return [each["hash"] for each in lines if each["kind"] == "event"]


def test_a_full_store_holds_nothing_up_and_everything_is_archived_once_it_has_room(
    scene: Scene, tmp_path: Path
) -> None:
    folder, log = tmp_path / "archive", scene.log()
    archived_at(scene, f"file://{folder}")
    with scene.start("worker.log") as worker:
        address, process = worker.until_ready(), psutil.Process(worker.pid)
        _, most = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, most))
        events = send(scene, log, seeded(15))
        goes_on(scene, worker, address)
        assert archived_hashes(folder) == []
        process.rlimit(resource.RLIMIT_FSIZE, (most, most))
        until(lambda: len(archived_hashes(folder)) == EVENTS, "every event in the archive", worker)
        until(lambda: not note(address), "no note any more", worker)
        assert worker.stop() == 0
    assert archived_hashes(folder) == naive_chain.hashes(scene.topic, 0, events)


def test_a_store_that_nobody_may_write_holds_nothing_up(scene: Scene) -> None:
    archived_at(scene, "file:///sys/memory-graph-archive")  # not even root makes a folder there
    with scene.start("worker.log") as worker:
        address = worker.until_ready()
        send(scene, scene.log(), seeded(16))
        goes_on(scene, worker, address)
        assert worker.stop() == 0
