"""The worker's chain in a real graph, through kills and duplicates, by the second implementation of the chain."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from tests.end_to_end.outsider import Log
from tests.end_to_end.program import get, until
from tests.end_to_end.scene import Scene
from tests.model import naive_chain
from tests.model.traffic import seeded
from tests.unit.pipelines.audit.records import CAPTURED, RECORD, fields
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

PARTITIONS = 2
EVENTS = """
MATCH (e:AuditEvent {topic: $topic}) RETURN e {.*, timestamp: e.timestamp.epochMillis} AS event
ORDER BY e.partition, e.sequence
"""
CHAINS = "MATCH (c:AuditChain {topic: $topic}) RETURN c.partition AS partition, c.length AS length, c.head AS head"
JOINED = """
MATCH (e:AuditEvent {topic: $topic})
RETURN e.id AS id, [(u:User)-[:PERFORMED]->(e) | u.user_id] AS users,
  [(e)-[:CONCERNS]->(c) | [labels(c)[0], coalesce(c.id, c.user_id)]] AS concerned
"""
CLEAR = """
MATCH (e:AuditEvent {topic: $topic})
OPTIONAL MATCH (e)--(n:User|Prompt|Completion) WHERE coalesce(n.id, n.user_id) STARTS WITH $name
DETACH DELETE e, n
"""
CLEAR_CHAINS = "MATCH (c:AuditChain {topic: $topic}) DETACH DELETE c"


@pytest.fixture
def scene(stack: RunningStack, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(
        Settings.from_environment(), stack.environment, tmp_path, f"audit-{uuid4().hex[:8]}", PARTITIONS, "audit", 20
    )
    scene.set_up()
    yield scene
    scene.query(CLEAR, topic=scene.topic, name=scene.name)
    scene.query(CLEAR_CHAINS, topic=scene.topic)
    scene.tear_down()


@pytest.fixture
def log(scene: Scene) -> Log:
    return scene.log()


def send(scene: Scene, log: Log, events: Sequence[Mapping[str, Any]]) -> None:
    serializer = scene.serializer()
    for event in events:
        key = event["content_id"] or event["user_id"] or event["key_id"]
        log.send(key.encode(), serializer(RECORD, event))
    log.flush()


def drawn(scene: Scene, random: Random, count: int) -> list[dict[str, Any]]:
    """Return random events with ids of this test."""
    made = []
    for number in range(count):
        event = fields(random.choice(list(CAPTURED)), audit_id=f"{scene.name}-{number}")
        for name in ("user_id", "actor_id", "content_id"):
            if event[name] is not None:
                event[name] = f"{scene.name}-{random.choice('abcdef')}"
        made.append({**event, "details": random.choice([{}, {"ä": "ü", "b": "\n"}])})
    return made


def graph_events(scene: Scene) -> list[dict[str, Any]]:
    found = [row["event"] for row in scene.query(EVENTS, topic=scene.topic)]
    return [{**dict.fromkeys(naive_chain.FIELDS), **each, "audit_id": each["id"],
             "details": json.loads(each["details"])} for each in found]  # fmt: skip


def undisturbed(scene: Scene, log: Log, sent: Sequence[Mapping[str, Any]]) -> dict[int, list[str]]:
    """Return the hashes of each partition's chain: its records in log order, each event once."""
    by_value = {scene.serializer()(RECORD, event): event for event in sent}
    orders: dict[int, dict[str, Mapping[str, Any]]] = {}
    for each in sorted(log.sent, key=lambda each: each.offset):
        event = by_value[each.value or b""]
        orders.setdefault(each.partition, {}).setdefault(event["audit_id"], event)
    return {
        partition: naive_chain.hashes(scene.topic, partition, events.values()) for partition, events in orders.items()
    }


def test_a_worker_that_is_killed_among_duplicates_leaves_the_chain_of_an_undisturbed_run(
    scene: Scene, log: Log
) -> None:
    random = seeded(15)
    sent = drawn(scene, random, 300)
    with scene.start("first.log") as first:
        first.until_ready()
        send(scene, log, sent[:200])
        until(lambda: len(graph_events(scene)) > 50, "the first events", first)
    send(scene, log, [*random.sample(sent[:200], 40), *sent[200:]])
    with scene.start("second.log") as second:
        address = second.until_ready()
        scene.until_caught_up(second)
        send(scene, log, random.sample(sent, 60))
        scene.until_caught_up(second)
        page = get(f"{address}/metrics").text
        assert second.stop() == 0
    found = graph_events(scene)
    chains = undisturbed(scene, log, sent)
    for partition, hashes in chains.items():
        events = [each for each in found if each["partition"] == partition]
        assert [each["hash"] for each in events] == hashes
        assert [each["sequence"] for each in events] == list(range(1, len(hashes) + 1))
        assert naive_chain.hashes(scene.topic, partition, events) == hashes, "by what the graph has"
        before = [naive_chain.genesis_hash(scene.topic, partition), *hashes[:-1]]
        assert [each["prev_hash"] for each in events] == before
        assert f'llm_memory_graph_audit_chain_length{{partition="{partition}"}} {len(hashes)}.0' in page
    assert len(found) == len(sent)
    heads = {row["partition"]: (row["length"], row["head"]) for row in scene.query(CHAINS, topic=scene.topic)}
    assert heads == {partition: (len(hashes), hashes[-1]) for partition, hashes in chains.items()}
    _assert_joined(scene, sent)


def _assert_joined(scene: Scene, sent: Sequence[Mapping[str, Any]]) -> None:
    """Compare who performed what on what with what was sent, by the source document's list."""
    found = {row["id"]: (row["users"], sorted(row["concerned"])) for row in scene.query(JOINED, topic=scene.topic)}
    for event in sent:
        by_user = event["event_type"].startswith(("content.", "access."))
        who = event["user_id"] if by_user else event["actor_id"]
        concerned = [["Prompt", event["content_id"]]] if event["content_id"] else []
        if event["event_type"] == "role.assigned" or (not by_user and event["user_id"] not in {None, who}):
            concerned.append(["User", event["user_id"]])
        assert found[event["audit_id"]] == ([who] if who else [], sorted(concerned)), event
