"""The archive in a real folder, beside a real graph: written, verified, edited, and what has left the graph for it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.integration.ops.audit.graph_of_chains import HEAD, Chains
from tests.integration.ops.audit.log_of_chains import create_topics, send, topology_of
from tests.model import naive_archive
from tests.model.audit_edits import Node
from workers.adapters.graph.connection import GraphConnection
from workers.cli.main import app
from workers.config.settings import Settings
from workers.core.errors import Misconfigured, ProblemsFound, RequestRejected
from workers.core.job import DeadLettersStep, ObjectStep, PeriodicJob, Step
from workers.engine.jobs.effects import Effects, open_effects
from workers.engine.jobs.objects import Objects
from workers.observe.tracing import NO_TRACING
from workers.pipelines.audit.archive.jobs import ArchiveEvents
from workers.pipelines.audit.archive.options import ArchiveOptions
from workers.pipelines.audit.checkpoints.jobs import MakeCheckpoints
from workers.pipelines.audit.checkpoints.options import CheckpointOptions

PARTITIONS, EVENTS, SIZE = 2, 200, 60
FIRST_MS = 1_790_000_000_000
THEN_MS = FIRST_MS + 86_400_000
"""When the checkpoints are made: long ago, so that all of it is old by now."""
CLEAR = """
MATCH (c:AuditChain {topic: $topic}) OPTIONAL MATCH (n:AuditBatch|AuditCheckpoint {chain: c.id}) DETACH DELETE n
"""


class Worker:
    """Does what the runner does with the jobs, one round at a time."""

    def __init__(self, chains: Chains, graph: GraphConnection, effects: Effects, folder: Path) -> None:
        options = ArchiveOptions(url=f"file://{folder}", every_events=SIZE, every_seconds=1, hot_days=1)
        self.chains, self.graph, self.folder = chains, graph, folder
        self.notes: dict[str, str] = {}
        self._effects, self._objects = effects, Objects(self.notes.__setitem__)
        every = CheckpointOptions(every_events=1, every_seconds=60)
        self.checkpoints = MakeCheckpoints(chains.topic, "1", every, archived=True)
        self.archive = ArchiveEvents(chains.topic, "1", options)

    async def round(self, job: PeriodicJob, now_ms: int, *, crash: bool = False) -> int:
        """Run what is due; with ``crash`` stop before it is noted. Return how many steps that were."""
        due = job.query(now_ms)
        steps = list(job.steps(await self.graph.rows(due.cypher, **due.parameters), now_ms))
        for step in steps:
            queries: Sequence[Any] = []
            if isinstance(step, DeadLettersStep):
                queries = [step.record([], 0)]
            elif isinstance(step, ObjectStep):
                queries = await self._objects.queries(step)
            elif isinstance(step, Step) and step.record is not None:
                learned = [await self._effects.run(each) for each in step.effects]
                queries = [step.record._replace(parameters={**step.record.parameters, **learned[0]})]
            for query in [] if crash else queries:
                await self.graph.rows(query.cypher, **query.parameters)
        return len(steps)

    async def checkpoint(self, now_ms: int) -> None:
        """Keep and publish a checkpoint of each chain."""
        for _ in range(2):
            assert await self.round(self.checkpoints, now_ms) == PARTITIONS

    async def archive_all(self, now_ms: int) -> int:
        """Archive until nothing is due; return the number of objects."""
        objects = 0
        while done := await self.round(self.archive, now_ms):
            objects += done
        return objects

    async def grow(self, events: int) -> None:
        """Have the graph say that each chain has so many events."""
        heads = [
            {"partition": number, "length": events, "head": nodes[events - 1]["hash"]}
            for number, nodes in self.chains.nodes.items()
        ]
        await self.graph.rows(HEAD, heads=heads, topic=self.chains.topic)

    def objects(self, partition: int) -> list[Path]:
        """Return the objects of a partition, in the order of the chain."""
        return sorted(self.folder.glob(f"*/*/*/{partition}/**/*.gz"), key=lambda each: each.name)

    def sequences(self, partition: int) -> list[int]:
        """Return the sequence of every archived event."""
        lines = [line for each in self.objects(partition) for line in naive_archive.read(each)]
        return [line["sequence"] for line in lines if line["kind"] == "event"]


@pytest.fixture
async def worker(graph: GraphConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    chains, folder = Chains(graph, PARTITIONS, EVENTS), tmp_path / "archive"
    topics = {chains.topic: PARTITIONS, f"{chains.topic}.dlq": PARTITIONS, "audit-events": 6, "audit-checkpoints": 1}
    create_topics(topics)
    path = topology_of(chains, tmp_path)
    yaml = YAML()
    document = yaml.load(path.read_text())
    document["workers"]["audit"]["archive"] = {"url": f"file://{folder}", "hot_days": 1}
    with path.open("w") as file:
        yaml.dump(document, file)
    monkeypatch.setenv("MEMORY_GRAPH_TOPOLOGY", str(path))
    await chains.write()
    async with AsyncExitStack() as stack:
        settings = Settings.from_environment()
        effects = await open_effects(stack, settings, tmp_path / "none", lambda _: None, lambda *_: None, NO_TRACING)
        yield Worker(chains, graph, effects, folder)
    await graph.rows(CLEAR, topic=chains.topic)
    await chains.remove()


async def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[bool, Any]:
    """Run a command of ``audit`` beside this test's loop; return whether it found no problem, and its document."""

    def command() -> bool:
        try:
            app(["audit", *arguments, "-o", "json"], standalone_mode=False)
        except ProblemsFound:
            return False
        return True

    capsys.readouterr()  # log lines of the rounds before
    whole = await asyncio.to_thread(command)
    return whole, json.loads(capsys.readouterr().out or "null")


async def finding(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    whole, document = await run(capsys, "verify", *arguments)
    assert not whole
    (found,) = [each for chain in document["chains"] for each in chain["findings"]]
    return dict(found)


def lines_of(path: Path) -> str:
    """Return an object's lines as an auditor reads them."""
    return subprocess.run(["zcat", path], check=True, capture_output=True, text=True).stdout  # noqa: S607 - as above


def named(nodes: list[Node], partition: int, topic: str) -> str:
    return naive_archive.name((topic, partition, "1"), nodes)


async def test_everything_is_archived_once_and_is_whole(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    await worker.checkpoint(THEN_MS)
    assert await worker.archive_all(THEN_MS + 2_000) == PARTITIONS * 4
    for number, nodes in worker.chains.nodes.items():
        objects = worker.objects(number)
        parts = [nodes[begin : begin + SIZE] for begin in range(0, EVENTS, SIZE)]
        expected = [named(part, number, worker.chains.topic) for part in parts]
        assert [str(each.relative_to(worker.folder)) for each in objects] == expected
        place = (worker.chains.topic, number, "1")
        for part, each in zip(parts[:-1], objects, strict=False):
            text = lines_of(each)
            assert [json.loads(line) for line in text.splitlines()] == naive_archive.lines(place, part)
        last = naive_archive.read(objects[-1])[-1]
        assert (last["kind"], last["checkpoint"]["hash"], last["signature"]) == ("checkpoint", nodes[-1]["hash"], None)
    whole, document = await run(capsys, "verify", "--source", "archive")
    assert whole, document
    found = [(each["records"], each["head"], each["lag"], each["checkpoints"]) for each in document["chains"]]
    assert found == [(EVENTS, EVENTS, 0, {"agree": 1, "signed": 0, "unsigned": 1})] * PARTITIONS
    # A chain that rests: its checkpoints are archived, too.
    await worker.checkpoint(THEN_MS + 70_000)
    assert await worker.archive_all(THEN_MS + 72_000) == PARTITIONS
    assert (await run(capsys, "verify", "--source", "archive"))[0]


async def test_a_crash_after_an_object_leaves_nothing_doubled_or_missing(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    await worker.grow(50)
    await worker.checkpoint(THEN_MS)
    assert await worker.round(worker.archive, THEN_MS + 2_000, crash=True) == 1
    before = {each: each.read_bytes() for number in range(PARTITIONS) for each in worker.objects(number)}
    assert len(before) == 1
    await worker.grow(EVENTS)
    await worker.checkpoint(THEN_MS + 70_000)
    await worker.archive_all(THEN_MS + 80_000)
    for number in range(PARTITIONS):
        assert worker.sequences(number) == list(range(1, EVENTS + 1))
    assert {each: each.read_bytes() for each in before} == before
    assert (await run(capsys, "verify", "--source", "archive"))[0]


async def test_an_object_that_is_there_is_not_overwritten_and_holds_up_only_its_partition(worker: Worker) -> None:
    await worker.checkpoint(THEN_MS)
    nodes, topic = worker.chains.nodes[1][:SIZE], worker.chains.topic
    path = worker.folder / named(worker.chains.nodes[0][:SIZE], 0, topic)
    foreign = naive_archive.lines((topic, 1, "1"), nodes)
    naive_archive.write(worker.folder, str(path.relative_to(worker.folder)), foreign)
    before = path.read_bytes()
    later = "MATCH (c:AuditChain {id: $id}) SET c.archive_retry_at = datetime({epochMillis: $at})"
    await worker.graph.rows(later, id=f"{topic}/1/1", at=THEN_MS + 60_000)
    with pytest.raises(RequestRejected, match="it does not begin with the same record"):
        await worker.round(worker.archive, THEN_MS + 2_000)
    await worker.graph.rows(later, id=f"{topic}/0/1", at=THEN_MS + 600_000)
    assert await worker.archive_all(THEN_MS + 60_000) == 4
    assert path.read_bytes() == before
    assert worker.sequences(1) == list(range(1, EVENTS + 1))
    assert worker.notes["the archive of partition 0"].startswith("the archive of partition 0 stands still")


async def test_after_the_restore_of_a_backup_the_archive_that_is_ahead_is_taken_over(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    await worker.checkpoint(THEN_MS)
    await worker.archive_all(THEN_MS + 2_000)
    back = "MATCH (b:AuditBatch {chain: $id}) DELETE b"
    for number in range(PARTITIONS):
        chain = f"{worker.chains.topic}/{number}/1"
        await worker.graph.rows(back, id=chain)
        await worker.graph.rows("MATCH (c:AuditChain {id: $id}) SET c.archived = 0, c.archived_hash = null", id=chain)
    await worker.grow(50)
    await worker.graph.rows(
        "MATCH (e:AuditEvent {topic: $topic}) WHERE e.sequence > 50 DETACH DELETE e", topic=worker.chains.topic
    )
    await worker.checkpoint(THEN_MS + 70_000)
    await worker.archive_all(THEN_MS + 72_000)
    archived = "MATCH (c:AuditChain {topic: $topic}) RETURN c.archived AS archived"
    found = await worker.graph.rows(archived, topic=worker.chains.topic)
    assert [each["archived"] for each in found] == [0, 0], "the graph does not have the events of the object yet"
    await worker.chains.write()
    await worker.graph.rows("MATCH (c:AuditChain {topic: $topic}) REMOVE c.archive_retry_at", topic=worker.chains.topic)
    await worker.checkpoint(THEN_MS + 140_000)
    await worker.archive_all(THEN_MS + 150_000)
    for number in range(PARTITIONS):
        assert worker.sequences(number) == list(range(1, EVENTS + 1))
    whole, document = await run(capsys, "verify", "--source", "archive")
    assert whole, document


async def test_edits_of_the_archive_are_named(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    await worker.checkpoint(THEN_MS)
    await worker.archive_all(THEN_MS + 2_000)
    second = worker.objects(1)[1]
    content, name = second.read_bytes(), str(second.relative_to(worker.folder))
    lines = naive_archive.read(second)

    lines[5]["event"]["user_id"] = "nobody"
    naive_archive.write(worker.folder, name, lines)
    found = await finding(capsys, "--source", "archive")
    assert (found["kind"], found["sequence"]) == ("changed", SIZE + 5)
    assert name in found["message"]

    second.write_bytes(worker.objects(1)[2].read_bytes())
    found = await finding(capsys, "--source", "archive")
    assert f"the object {name} has records of another place" in found["message"]

    second.unlink()
    found = await finding(capsys, "--source", "archive")
    assert (found["kind"], found["sequence"]) == ("removed", SIZE + 1)

    second.write_bytes(content)
    assert (await run(capsys, "verify", "--source", "archive"))[0]


async def test_events_leave_the_graph_only_after_their_object_is_verified(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    await send(worker.chains, worker.graph)
    await worker.checkpoint(THEN_MS)
    _, document = await run(capsys, "expire")
    assert document == {"executed": False, "due": [], "removed": 0}, "nothing is archived yet"
    await worker.archive_all(THEN_MS + 2_000)
    _, document = await run(capsys, "expire")
    due = [(each["partition"], each["first"], each["last"]) for each in document["due"]]
    assert due == [(number, begin, begin + 59) for number in range(PARTITIONS) for begin in (1, 61, 121)]
    assert await counted(worker) == PARTITIONS * EVENTS, "it only shows"

    first = worker.objects(0)[0]
    content = first.read_bytes()
    first.write_bytes(content[:-1])
    whole, _ = await run(capsys, "expire", "--execute", "--why", "a test")
    assert not whole
    assert set(await sequences(worker, 0)) == set(range(1, EVENTS + 1)), "its object is not what was archived"
    first.write_bytes(content)

    whole, document = await run(capsys, "expire", "--execute", "--why", "a test")
    assert whole
    assert {*await sequences(worker, 0), *await sequences(worker, 1)} == set(range(181, EVENTS + 1))
    for source in ("graph", "archive", "topic"):
        whole, document = await run(capsys, "verify", "--source", source)
        assert whole, (source, document)
    assert {each["head"] for each in document["chains"]} == {EVENTS}
    await search_covers_both(worker, capsys)
    await a_proof_covers_both(worker, capsys)
    await a_false_beginning_is_found(worker, capsys)


async def search_covers_both(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    since = naive_archive.iso(worker.chains.nodes[0][170]["timestamp"])
    until = naive_archive.iso(worker.chains.nodes[0][190]["timestamp"])
    arguments = ("--since", since, "--until", until, "--why", "a test")
    _, document = await run(capsys, "search", *arguments)
    mine = [each for each in document["audit_entries"] if each["audit_id"].startswith(worker.chains.topic)]
    wanted = {each["id"]: each for nodes in worker.chains.nodes.values() for each in nodes[170:190]}
    assert {each["audit_id"] for each in mine} == set(wanted)
    of = {each["audit_id"]: each["source"] for each in mine}
    assert {name: of[name] for name, each in wanted.items()} == {
        name: "graph" if each["sequence"] > 180 else "archive" for name, each in wanted.items()
    }
    assert document["sources"]["archive"] == PARTITIONS * 10
    assert [each["timestamp"] for each in mine] == sorted((each["timestamp"] for each in mine), reverse=True)
    _, second = await run(capsys, "search", *arguments, "--page", "2", "--page-size", "15")
    assert second["audit_entries"] == document["audit_entries"][15:30]


async def a_proof_covers_both(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    """Prove a record that has left the graph by events of two objects and of the graph."""
    nodes = worker.chains.nodes[1]
    _, proof = await run(capsys, "proof", nodes[109]["id"])
    assert (proof["partition"], proof["sequence"], proof["prev_hash"]) == (1, 110, nodes[108]["hash"])
    assert [proof["hash"], *(each["hash"] for each in proof["following"])] == [each["hash"] for each in nodes[109:]]
    assert json.loads(proof["checkpoint"])["sequence"] == EVENTS
    with pytest.raises(Misconfigured, match="neither the graph nor the archive has an AuditEvent nothing"):
        await run(capsys, "proof", "nothing")


async def a_false_beginning_is_found(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    """Cut more of the beginning, and say in the graph that this has left for the archive."""
    node = worker.chains.nodes[1][184]
    cut = "MATCH (e:AuditEvent {topic: $topic, partition: 1}) WHERE e.sequence <= 185 DETACH DELETE e"
    await worker.graph.rows(cut, topic=worker.chains.topic)
    assert (await finding(capsys, "--source", "graph"))["kind"] == "removed"
    lie = "MATCH (c:AuditChain {id: $id}) SET c.expired = 185, c.expired_hash = $hash"
    await worker.graph.rows(lie, id=f"{worker.chains.topic}/1/1", hash=node["hash"])
    found = await finding(capsys, "--source", "graph")
    assert (found["kind"], found["sequence"]) == ("removed", 1)
    assert "does not end with the record before" in found["message"]


async def counted(worker: Worker) -> int:
    (row,) = await worker.graph.rows(
        "MATCH (e:AuditEvent {topic: $topic}) RETURN count(e) AS n", topic=worker.chains.topic
    )
    return int(row["n"])


async def sequences(worker: Worker, partition: int) -> list[int]:
    cypher = "MATCH (e:AuditEvent {topic: $topic, partition: $partition}) RETURN e.sequence AS sequence"
    return [row["sequence"] for row in await worker.graph.rows(cypher, topic=worker.chains.topic, partition=partition)]
