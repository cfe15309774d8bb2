"""Start and end of workers: refused configurations, restarts by the fleet, draining at SIGTERM."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.events import INVOCATION, fields_of
from tests.end_to_end.outsider import Log
from tests.end_to_end.program import Program, run, until
from tests.end_to_end.scene import Scene


@pytest.fixture(scope="module")
def fleet(scene: Scene) -> Iterator[Program]:
    with Program(["fleet", "--replicas", "telemetry=2"], scene.environment, scene.folder / "fleet.log") as fleet:
        yield fleet


def send(scene: Scene, log: Log, trace: int) -> None:
    trace_id = f"{scene.name}-{trace}"
    ids = {"event_id": f"{trace_id}-e", "model_id": f"{scene.name}-m", "trace_id": trace_id, "span_id": "s"}
    value = scene.serializer()(INVOCATION, fields_of(INVOCATION, **ids))
    for partition in range(scene.partitions):
        log.send(trace_id.encode(), value, partition=partition)
    log.flush()


def traces(scene: Scene) -> list[str]:
    cypher = "MATCH (i:Invocation) WHERE i.trace_id STARTS WITH $name RETURN i.trace_id AS trace ORDER BY trace"
    return [row["trace"] for row in scene.query(cypher, name=scene.name)]


def test_a_fleet_restarts_the_replica_that_was_killed_and_drains_all_when_told(scene: Scene, fleet: Program) -> None:
    log = scene.log()
    first, second = (line["pid"] for line in fleet.until_logged("replica started", 2))
    fleet.until_logged("worker started", 2)
    send(scene, log, 1)
    scene.until_caught_up(fleet)

    os.kill(first, signal.SIGKILL)

    (again,) = fleet.until_logged("replica started", 3)[2:]
    assert again["pid"] not in {first, second}
    (ended,) = fleet.events("replica ended, starting it again")
    assert ended["code"] == -signal.SIGKILL
    fleet.until_logged("worker started", 3)
    send(scene, log, 2)
    scene.until_caught_up(fleet)
    assert traces(scene) == [f"{scene.name}-1", f"{scene.name}-2"]

    assert fleet.stop() == 0

    assert len(fleet.events("worker stopped")) == 2
    assert scene.lag() == 0


def test_a_worker_is_refused_a_topic_of_another_size_and_told_the_fix(scene: Scene) -> None:
    scene.write_topology(scene.partitions + 1)

    code, _, said = run(["worker", "telemetry"], scene.environment)

    scene.write_topology(scene.partitions)
    assert code == 2
    assert scene.topic in said
    assert "has 2 partitions, topology.yaml says 3" in said
    assert "`memory-graph topology apply --execute`" in said
    assert len(said.strip().splitlines()) == 1


def test_a_worker_is_refused_a_topic_that_does_not_exist(scene: Scene) -> None:
    existing, scene.topic = scene.topic, f"{scene.name}-nowhere"
    scene.write_topology(2)

    code, _, said = run(["worker", "telemetry"], scene.environment)

    scene.topic = existing
    scene.write_topology(2)
    assert code == 2
    assert f"topic {scene.name}-nowhere does not exist" in said
    assert "`memory-graph topology apply --execute`" in said


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which signals a process handles")
def test_a_worker_told_to_go_while_it_is_still_loading_goes_in_order(scene: Scene) -> None:
    with scene.start("loading.log") as worker:
        until(lambda: handles(worker.pid, signal.SIGTERM), "a handler of SIGTERM")
        assert not worker.events("serving metrics and health")

        assert worker.stop() == 0


def test_a_fleet_told_to_go_while_its_workers_are_still_loading_goes_in_order(scene: Scene) -> None:
    with Program(["fleet"], scene.environment, scene.folder / "loading-fleet.log") as fleet:
        fleet.until_logged("replica started")

        assert fleet.stop() == 0


def handles(pid: int, number: signal.Signals) -> bool:
    """Return whether the process has its own handler for the signal (proc(5), SigCgt)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["SigCgt"], 16) >> (number - 1) & 1)


def test_a_worker_told_to_go_before_it_has_joined_its_group_goes_in_order(scene: Scene) -> None:
    with scene.start("early.log") as worker:
        worker.until_logged("serving metrics and health")

        assert worker.stop() == 0
