"""The Prometheus of the stack finds every local worker, and finds it again after a restart."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.end_to_end.program import Program, get, until
from tests.end_to_end.scene import Scene
from workers.dev.stack.running import RunningStack


@pytest.fixture(scope="module")
def targets(stack_with_monitoring: RunningStack) -> Path:
    return Path(stack_with_monitoring.environment["METRICS_TARGETS"])


@pytest.fixture(scope="module")
def fleet(scene: Scene, targets: Path) -> Iterator[Program]:
    environment = {**scene.environment, "METRICS_TARGETS": str(targets)}
    with Program(["fleet", "--replicas", "telemetry=2"], environment, scene.folder / "fleet.log") as fleet:
        yield fleet


def values(stack: RunningStack, query: str) -> dict[str, float]:
    """Return the value for each pod."""
    answer = get(f"{stack.prometheus}/api/v1/query?query={quote(query)}")
    assert answer.status == 200, answer.text
    return {row["metric"]["pod"]: float(row["value"][1]) for row in json.loads(answer.text)["data"]["result"]}


def test_every_replica_is_scraped_also_after_a_restart_until_it_ends(
    scene: Scene, fleet: Program, targets: Path, stack_with_monitoring: RunningStack
) -> None:
    stack = stack_with_monitoring
    replicas = fleet.until_logged("replica started", 2)
    pods = {f"telemetry-{line['address'].rpartition(':')[2]}": line["pid"] for line in replicas}
    mine = f'namespace="local",worker="telemetry",pod=~"{"|".join(pods)}"'
    until(lambda: values(stack, f"up{{{mine}}}") == dict.fromkeys(pods, 1.0), "both replicas scraped", fleet)
    lag = f"count by (pod) (llm_memory_graph_kafka_lag_messages{{{mine}}})"
    until(lambda: sum(values(stack, lag).values()) == scene.partitions, "the lag of every partition", fleet)

    started = f"process_start_time_seconds{{{mine}}}"
    (killed, pid), before = next(iter(pods.items())), values(stack, started)
    os.kill(pid, signal.SIGKILL)
    until(lambda: values(stack, started).get(killed, 0) > before[killed], "the restarted replica scraped", fleet)
    assert set(values(stack, f"up{{{mine}}}")) == set(pods)

    assert fleet.stop() == 0
    assert not any((targets / f"{pod}.json").exists() for pod in pods)
    until(lambda: values(stack, f"up{{{mine}}}") == {}, "no replica is a target")
