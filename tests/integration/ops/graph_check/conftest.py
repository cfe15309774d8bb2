"""A topic, and the graph that a worker made of it."""

from collections.abc import Iterator, Sequence
from random import Random
from uuid import uuid4

import pytest

from tests.end_to_end.outsider import Log, Serializer
from tests.end_to_end.scene import Scene
from tests.integration.ops.graph_check.verified import Written
from tests.model.traffic import Sent, traffic
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

PARTITIONS = 2
TRACES = 40
REJECTING = "    accept: {negative_latency: reject}\n"


@pytest.fixture(scope="module")
def written(
    stack: RunningStack, environment_of_the_stack: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Written]:
    """Yield traces that a worker has written, with dead letters of which today's rules would accept many.

    ``environment_of_the_stack`` comes first: the settings are read from it.
    """
    del environment_of_the_stack
    folder = tmp_path_factory.mktemp("verify")
    scene = Scene(Settings.from_environment(), stack.environment, folder, f"verify-{uuid4().hex[:8]}", PARTITIONS)
    scene.set_up()
    logs = [traffic(Random(seed), TRACES, f"{scene.name}-{seed}") for seed in range(PARTITIONS)]  # noqa: S311 - test data
    for partition, records in enumerate(logs):
        send(scene, partition, records)
    scene.topology_path.write_text(scene.topology_path.read_text() + REJECTING)
    with scene.start("worker.log") as worker:
        worker.until_ready()
        scene.until_caught_up(worker)
        assert worker.stop() == 0
    scene.write_topology(PARTITIONS)
    yield Written(scene)
    scene.tear_down()


def send(scene: Scene, partition: int, records: Sequence[Sent]) -> None:
    """Send records to a partition, and one that no worker can read."""
    log, serialize = scene.log(), scene.serializer()
    _send_all(log, serialize, partition, records)
    log.send(f"{scene.name}-bad".encode(), b"not avro", partition=partition)
    log.flush()


def _send_all(log: Log, serialize: Serializer, partition: int, records: Sequence[Sent]) -> None:
    for record_name, fields in records:
        key = fields["trace_id"] or fields["model_id"]
        log.send(key.encode(), serialize(record_name, fields), partition=partition)
