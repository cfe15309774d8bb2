"""The fleet is broken, and a real Prometheus fires the alert that says so, and no other before it.

All durations of the rules are divided: see ``hurried_rules``.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.events import INVOCATION, fields_of
from tests.end_to_end.hurried_rules import Alerts, hurried, hurried_prometheus
from tests.end_to_end.killed_server import kill, start_again
from tests.end_to_end.program import Program, until
from tests.end_to_end.scene import Scene
from workers.dev.stack.running import RunningStack

POISON = 3_000


class Watched(NamedTuple):
    """A fleet, and the Prometheus that scrapes it."""

    fleet: Program
    alerts: Alerts


@contextmanager
def watched_fleet(scene: Scene, folder: Path, replicas: int) -> Iterator[Watched]:
    environment, arguments = {**scene.environment, "METRICS_TARGETS": str(folder / "targets")}, ["fleet", "--replicas"]
    with (
        hurried_prometheus(folder) as alerts,
        Program([*arguments, f"telemetry={replicas}"], environment, scene.folder / "fleet.log") as fleet,
    ):
        fleet.until_logged("worker started", replicas)
        send(scene, "first")
        scene.until_caught_up(fleet)
        until(lambda: len(list((folder / "targets").iterdir())) == replicas, "every replica is a target", fleet)
        alerts.until_quiet(fleet)
        yield Watched(fleet, alerts)
        assert fleet.stop() == 0


@pytest.fixture(scope="module")
def watched(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Two replicas that survive what is done to them."""
    with watched_fleet(scene, tmp_path_factory.mktemp("prometheus"), 2) as watched:
        yield watched


def send(scene: Scene, trace: str, count: int = 20) -> None:
    """Send ``count`` calls to each partition."""
    log, trace_id, serializer = scene.log(), f"{scene.name}-{trace}", scene.serializer()
    for number in range(count):
        ids = {"event_id": f"{trace_id}-{number}", "model_id": f"{scene.name}-m", "trace_id": trace_id}
        value = serializer(INVOCATION, fields_of(INVOCATION, **ids, span_id=f"s{number}"))
        for partition in range(scene.partitions):
            log.send(trace_id.encode(), value, partition=partition)
    log.flush()


def test_durations_are_divided_and_nothing_else() -> None:
    rule = "expr: increase(x_total[30m]) > 60 and y_seconds > 300\nfor: 2m\nsummary: over 2 minutes, for: 5m of [it]\n"
    divided = "expr: increase(x_total[150000ms]) > 60 and y_seconds > 300\nfor: 10000ms\n"
    assert hurried(rule) == f"{divided}summary: over 2 minutes, for: 5m of [it]\n"


def test_a_flood_of_bad_records_reaches_the_dead_letter_limit(scenes: Scenes, tmp_path: Path) -> None:
    scene = scenes(1)
    with watched_fleet(scene, tmp_path, 1) as (fleet, alerts):
        log, since = scene.log(), time.monotonic()
        for _ in range(POISON):
            log.send(b"poison", b"no Avro", partition=0)
        log.flush()
        assert alerts.until_fires("DeadLetterLimitReached", since, fleet) == {"DeadLetterLimitReached"}


def test_a_frozen_worker_is_a_worker_that_is_down(watched: Watched) -> None:
    fleet, alerts = watched
    frozen, since = fleet.events("replica started")[0]["pid"], time.monotonic()
    os.kill(frozen, signal.SIGSTOP)
    try:
        assert alerts.until_fires("WorkerDown", since, fleet) == {"WorkerDown"}
    finally:
        os.kill(frozen, signal.SIGCONT)
    alerts.until_quiet(fleet)


def test_a_stopped_neo4j_opens_the_breaker(scene: Scene, watched: Watched, stack: RunningStack) -> None:
    fleet, alerts = watched
    since = time.monotonic()
    kill(stack, "neo4j")
    try:
        send(scene, "during the outage")
        assert alerts.until_fires("CircuitBreakerOpen", since, fleet) == {"CircuitBreakerOpen"}
    finally:
        start_again(stack)
