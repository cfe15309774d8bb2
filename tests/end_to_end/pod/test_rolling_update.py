"""Three replicas of the rendered Deployment are replaced under load, with its own probes and times."""

from typing import NamedTuple

import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.pod.conftest import Render
from tests.end_to_end.pod.load import Load
from tests.end_to_end.pod.rollout import Rollout
from tests.end_to_end.scene import Scene
from tests.model.graph_differences import differences
from tests.model.graph_snapshot import graph_snapshot
from tests.model.naive_model import naive_model
from tests.model.traffic import Sent, seeded, traffic
from workers.adapters.graph.driver import open_driver

REPLICAS = 3
PARTITIONS = 6
TRACES = 400
"""In each partition: more than the update lasts."""
RECORDS_A_TICK = 2


class Ran(NamedTuple):
    """What was sent, the pods of both generations, how many were ready on the way, and what was left to send."""

    scene: Scene
    logs: list[list[Sent]]
    rollout: Rollout
    ready: list[int]
    left: int


@pytest.fixture(scope="module")
def ran(scenes: Scenes, rendered: Render) -> Ran:
    scene = scenes(PARTITIONS)
    chart = rendered(scene, **{"workers.telemetry.replicas": REPLICAS})
    logs = [traffic(seeded(number), TRACES, f"{scene.name}-{number}") for number in range(PARTITIONS)]
    with Rollout(chart.deployment, chart.files, scene.folder) as rollout, Load(scene, logs, RECORDS_A_TICK) as load:
        rollout.until_ready()
        ready = list(rollout.update())
        left = load.left
        load.finish()
        scene.until_caught_up()
        rollout.end()
    return Ran(scene, logs, rollout, ready, left)


def test_load_went_on_during_the_whole_update(ran: Ran) -> None:
    assert ran.left > 0
    assert len(ran.ready) == REPLICAS + 1


def test_as_many_pods_were_ready_as_the_strategy_promises(ran: Ran) -> None:
    assert min(ran.ready) >= REPLICAS - 1


def test_every_pod_drained_within_its_grace_and_no_probe_restarted_one(ran: Ran) -> None:
    assert len(ran.rollout.ended) == 2 * REPLICAS
    for pod, code in ran.rollout.ended:
        assert (code, pod.killed, pod.restarts) == (0, False, 0), pod.log[-2_000:]


def test_no_pod_needed_more_memory_than_its_limit(ran: Ran) -> None:
    assert all(0 < pod.peak_bytes < pod.memory_limit for pod, _ in ran.rollout.ended)


@pytest.mark.parametrize("partition", range(PARTITIONS))
async def test_nothing_is_lost_or_doubled(ran: Ran, partition: int) -> None:
    log = ran.logs[partition]
    traces = sorted({fields["trace_id"] for _, fields in log if fields["trace_id"]})
    models = sorted({fields["model_id"] for _, fields in log})
    neo4j = ran.scene.settings.neo4j
    async with open_driver(neo4j) as driver:
        found = await graph_snapshot(driver, neo4j.database, traces, models)
    assert differences(found, naive_model(log)) == []
