"""A producer ships a wrong enum symbol for an hour; an operator finds the cause, repairs the dead letters, sends them.

The graph must be that of a producer that never had the fault, although the command is killed again and again, and
although the repaired calls come after calls of two days later. ``pytest --an-hour`` takes 200,000 records.
"""

import json
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.outsider import SCHEMAS, Serializer, end_offsets, read_all
from tests.end_to_end.program import Program, run, until
from tests.end_to_end.scene import Scene
from tests.model.graph_snapshot import graph_snapshot
from tests.model.naive_model import Graph, naive_model
from tests.model.traffic import BEGINS, Maker, Sent, seeded
from workers.adapters.graph.driver import open_driver

PARTITIONS = 12
AN_HOUR = 200_000
SHORT = 6_000
BAD_RATIO = 0.03
REPEATED_RATIO = 0.02
APART_MS = 1_001
"""Between two events. No two latencies of the traffic differ by a multiple of it, so no two starts are equal either."""
TWO_DAYS_MS = 2 * 24 * 3_600_000
KILLS = 4
FIX = ("--reason", "avro.enum", "--fix", "status=ERROR")
ACT = ("--execute", "--why", "the producer was fixed", "--as", "anna")
KILLED_AFTER_A_COMMIT = """
import os, signal, sys
from workers.adapters.kafka.transactions import Transactions
from workers.cli.main import main
send = Transactions.send
def sent(self, records):
    send(self, records)
    os.kill(os.getpid(), signal.SIGKILL)
Transactions.send = sent
main()
"""
"""The command, killed when a batch is committed and before it knows."""


class Traffic(NamedTuple):
    """The intended records of each partition, and which of them a faulty producer sends (by their index)."""

    logs: Sequence[Sequence[Sent]]
    later: Sequence[Sequence[Sent]]
    bad: Sequence[frozenset[int]]

    @property
    def bad_records(self) -> int:
        return sum(map(len, self.bad))


def traffic(records: int, name: str) -> Traffic:
    """Return traffic in which the order of the log does not matter: no two events of it have the same time."""
    logs, later, bad = [], [], []
    for partition in range(PARTITIONS):
        random, maker = seeded(partition), Maker(seeded(partition), f"{name}-{partition}")
        number = 0
        while len(maker.log) < records / PARTITIONS:
            maker.trace(f"{name}-{partition}-{number}")
            number += 1
        events = [
            (record_name, {**fields, "timestamp": BEGINS + APART_MS * index})
            for index, (record_name, fields) in enumerate(maker.log)
        ]
        cut = len(events) * 9 // 10
        logs.append(_shuffled(random, events[:cut]))
        later.append([(each, {**of, "timestamp": of["timestamp"] + TWO_DAYS_MS}) for each, of in events[cut:]])
        bad.append(_some_errors(random, logs[-1], round(len(events) * BAD_RATIO)))
    return Traffic(logs, later, bad)


def _shuffled(random: Random, events: Sequence[Sent]) -> list[Sent]:
    log = [*events, *random.sample(events, round(len(events) * REPEATED_RATIO))]
    random.shuffle(log)
    return log


def _some_errors(random: Random, log: Sequence[Sent], count: int) -> frozenset[int]:
    """Return calls that ended with ERROR: the fault is that the producer calls it FAILED."""
    ended = [number for number, (_, fields) in enumerate(log) if fields.get("status") == "ERROR"]
    return frozenset(random.sample(ended, count))


class Hour(NamedTuple):
    """What happened."""

    scene: Scene
    traffic: Traffic
    listed: list[dict[str, Any]]
    plans: list[dict[str, Any]]
    kills: int
    sent_before_the_end: int


@pytest.fixture(scope="module")
def hour(request: pytest.FixtureRequest, scenes: Scenes) -> Iterator[Hour]:
    scene = scenes(PARTITIONS)
    sent = traffic(AN_HOUR if request.config.getoption("--an-hour") else SHORT, scene.name)
    with scene.start("worker.log") as worker:
        worker.until_ready()
        _produce(scene, sent)
        scene.until_caught_up(worker)
        listed = _json(scene, "list")
        plans = [_json(scene, "replay"), _json(scene, "replay", *FIX)]
        kills = _killed_on_the_way(scene, sent.bad_records)
        before = _records(scene) - _intended(sent)
        _json(scene, "replay", *FIX, *ACT)
        scene.until_caught_up(worker)
        yield Hour(scene, sent, listed, plans, kills, before)


def _produce(scene: Scene, sent: Traffic) -> None:
    log, good, faulty = scene.log(), scene.serializer(), _faulty(scene)
    for partition, (records, bad) in enumerate(zip(sent.logs, sent.bad, strict=True)):
        for number, (record_name, fields) in enumerate(records):
            value = faulty(record_name, fields | {"status": "FAILED"}) if number in bad else good(record_name, fields)
            log.send(_key(fields), value, partition=partition)
    log.flush()
    for partition, records in enumerate(sent.later):
        for record_name, fields in records:
            log.send(_key(fields), good(record_name, fields), partition=partition)
    log.flush()


def _key(fields: Mapping[str, Any]) -> bytes:
    return str(fields["trace_id"] or fields["model_id"]).encode()


def _faulty(scene: Scene) -> Serializer:
    """Return the serializer of a producer whose schema has one symbol more."""
    folder = scene.folder / "faulty"
    folder.mkdir()
    for file in (SCHEMAS / "telemetry").glob("*.avsc"):
        text = file.read_text()
        (folder / file.name).write_text(text.replace('"TIMEOUT"]', '"TIMEOUT", "FAILED"]'))
    return Serializer(scene.settings.schema_registry.url, f"{scene.topic}-faulty", folder)


def _command(scene: Scene, verb: str, *options: str) -> list[str]:
    return ["dlq", verb, "--topic", scene.topic, *options]


def _json(scene: Scene, verb: str, *options: str) -> Any:
    code, output, errors = run(_command(scene, verb, *options, "-o", "json"), scene.environment)
    assert code == 0, errors
    return json.loads(output)


def _killed_on_the_way(scene: Scene, bad: int) -> int:
    """Kill the command four times while it sends, and once between a commit and its progress."""
    log: Path = scene.folder / "killed.log"
    servers = scene.settings.kafka.bootstrap_servers
    for _ in range(KILLS):
        before = end_offsets(servers, scene.topic)
        command = _command(scene, "replay", *FIX, *ACT, "--rate", str(bad // 60))
        with Program(command, scene.environment, log) as running:
            until(lambda: end_offsets(servers, scene.topic) > before, "records are sent again", running)  # noqa: B023 - in this round
    driver = (sys.executable, "-c", KILLED_AFTER_A_COMMIT)
    command = _command(scene, "replay", *FIX, *ACT, "--limit", "5")
    with Program(command, scene.environment, log, command=driver) as running:
        assert running.exit_code() == -signal.SIGKILL, running.tail()
    return KILLS + 1


def _records(scene: Scene) -> int:
    return len(read_all(scene.settings.kafka.bootstrap_servers, scene.topic))


def _intended(sent: Traffic) -> int:
    return sum(map(len, (*sent.logs, *sent.later)))


def test_the_cause_is_named(hour: Hour) -> None:
    (group,) = hour.listed
    assert (group["code"], group["stage"], group["worker"]) == ("avro.enum", "DECODE", "telemetry")
    assert (group["letters"], group["replayed"]) == (hour.traffic.bad_records, 0)
    assert "FAILED" in group["message"]
    assert "status" in group["message"]


def test_the_plan_says_that_only_the_repaired_ones_would_get_through(hour: Hour) -> None:
    as_they_are, repaired = ({each["what"] for each in plan["letters"]} for plan in hour.plans)
    assert [text[:16] for text in as_they_are] == ["would fail again"]
    assert repaired == {"is sent"}
    assert hour.plans[1]["repairs"][0] == {"status": ["FAILED", "ERROR"]}


def test_each_repaired_record_was_sent_once_although_the_command_was_killed(hour: Hour) -> None:
    assert hour.kills == KILLS + 1
    assert 0 < hour.sent_before_the_end < hour.traffic.bad_records, "each was killed on the way"
    assert _records(hour.scene) == _intended(hour.traffic) + hour.traffic.bad_records
    (group,) = _json(hour.scene, "list")
    assert (group["letters"], group["replayed"], group["again"]) == (hour.traffic.bad_records,) * 2 + (0,)


@pytest.mark.parametrize("partition", range(PARTITIONS))
async def test_the_graph_is_that_of_a_producer_without_the_fault(hour: Hour, partition: int) -> None:
    intended = [*hour.traffic.logs[partition], *hour.traffic.later[partition]]
    bad = hour.traffic.bad[partition]
    log = [each for number, each in enumerate(intended) if number not in bad] + [intended[each] for each in sorted(bad)]
    traces = sorted({fields["trace_id"] for _, fields in log if fields["trace_id"]})
    models = sorted({fields["model_id"] for _, fields in log})
    neo4j = hour.scene.settings.neo4j
    async with open_driver(neo4j) as driver:
        found = await graph_snapshot(driver, neo4j.database, traces, models)
    promised = naive_model(log)
    assert found.nodes.keys() == promised.nodes.keys()
    different = {node: (found.nodes[node], each) for node, each in promised.nodes.items() if found.nodes[node] != each}
    assert not different
    assert found.relationships == promised.relationships
    assert _without_first_record(promised) == _without_first_record(naive_model(intended))


def _without_first_record(graph: Graph) -> Any:
    """Return a graph without the ids of Invocations, which name the first record of a span in the log."""
    nodes = {
        node: {name: value for name, value in properties.items() if (node[0], name) != ("Invocation", "id")}
        for node, properties in graph.nodes.items()
    }
    return nodes, graph.relationships
