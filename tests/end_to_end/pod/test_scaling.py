"""The query of the rendered ScaledObject, asked of a real Prometheus, follows the lag."""

import json
from math import ceil
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.events import INVOCATION, fields_of
from tests.end_to_end.hurried_rules import hurried_prometheus
from tests.end_to_end.pod.conftest import Render
from tests.end_to_end.pod.manifest import Json
from tests.end_to_end.program import get, until
from tests.end_to_end.scene import Scene
from tests.integration.helm.chart import NAMESPACE

PARTITIONS = 6
CALLS = 2_000
SLOW = "    throttle: {baseline_rows_per_second: 20, max_rows_per_second: 20}\n"


def pods_wanted(prometheus: str, scaled_object: Json) -> int:
    """Return how many pods the HPA that KEDA makes wants: the value by the threshold, rounded up, within the limits."""
    spec = scaled_object["spec"]
    (trigger,) = spec["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
    answer = get(f"{prometheus}/api/v1/query?query={quote(trigger['metadata']['query'])}")
    values = [float(row["value"][1]) for row in json.loads(answer.text)["data"]["result"]]
    wanted = ceil(sum(values) / float(trigger["metadata"]["threshold"]))
    return int(min(max(wanted, spec["minReplicaCount"]), spec["maxReplicaCount"]))


def send(scene: Scene) -> None:
    log, serializer = scene.log(), scene.serializer()
    for number in range(CALLS):
        ids = {
            "event_id": f"{scene.name}-{number}",
            "trace_id": f"{scene.name}-{number}",
            "model_id": f"{scene.name}-m",
        }
        value = serializer(INVOCATION, fields_of(INVOCATION, **ids, span_id="s"))
        log.send(f"{scene.name}-{number}".encode(), value, partition=number % PARTITIONS)
    log.flush()


@pytest.fixture
def scene(scenes: Scenes) -> Scene:
    return scenes(PARTITIONS)


def test_lag_asks_for_pods_up_to_the_partitions_and_gives_them_back(
    scene: Scene, rendered: Render, tmp_path: Path
) -> None:
    keda = "defaults.autoscaling.keda"
    values = {f"{keda}.enabled": "true", f"{keda}.trigger": "prometheus", f"{keda}.lagThreshold": 100}
    chart = rendered(scene, **values, **{"workers.telemetry.replicas": 2})
    (scaled_object,) = chart.manifests.of("ScaledObject").values()
    unhurried = scene.topology_path.read_text()
    scene.topology_path.write_text(unhurried + SLOW)
    send(scene)
    with hurried_prometheus(tmp_path) as prometheus, scene.start("slow.log") as worker:
        address = worker.until_ready()
        labels = {"namespace": NAMESPACE, "pod": "telemetry-1", "worker": "telemetry"}
        target = [{"targets": [address.removeprefix("http://")], "labels": labels}]
        (tmp_path / "targets" / "telemetry-1.json").write_text(json.dumps(target))

        until(lambda: pods_wanted(prometheus.url, scaled_object) == PARTITIONS, "a pod for each partition", worker)

        scene.topology_path.write_text(unhurried)  # taken over by the running worker
        until(lambda: pods_wanted(prometheus.url, scaled_object) == 2, "no more pods than without lag", worker)
        assert worker.stop() == 0
