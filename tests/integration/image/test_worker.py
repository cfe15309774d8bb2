"""A worker of the image folds records: as its user, with a read-only root, and it drains at SIGTERM."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.end_to_end.outsider import SCHEMAS
from tests.end_to_end.program import Program, until
from tests.end_to_end.scene import Scene
from tests.integration.image.build import Image
from tests.integration.image.clean_root import CleanRoot
from tests.model.traffic import seeded, traffic
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

TRACES = 20
SETTINGS = ("KAFKA_", "NEO4J_", "SCHEMA_REGISTRY_")


@pytest.fixture
def scene(stack: RunningStack, tmp_path: Path) -> Iterator[Scene]:
    name = f"image-{uuid4().hex[:8]}"
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in stack.environment.items():
            patch.setenv(variable, value)
        scene = Scene(Settings.from_environment(), stack.environment, tmp_path, name, 1)
    scene.set_up()
    yield scene
    scene.tear_down()


def start(container: CleanRoot, image: Image, scene: Scene) -> Program:
    """Start the worker as a container of the image, with the scene's topology.yaml over the image's."""
    topology = scene.folder / "image-topology.yaml"
    topology.write_text(scene.topology_path.read_text().replace(str(SCHEMAS), "schemas/avro"))
    variables = {name: value for name, value in scene.environment.items() if name.startswith(SETTINGS)}
    environment = {**image.environment, **variables, "HOME": "/", "METRICS_HOST": "127.0.0.1", "METRICS_PORT": "0"}
    sandbox = replace(container, network=True, mounts={"/app/topology.yaml": topology})
    command = sandbox.command([*image.entrypoint, "worker", scene.worker], environment, image.workdir)
    return Program([], {}, scene.folder / "image.log", command=command)


def test_it_folds_records_and_ends_when_it_is_asked_to(container: CleanRoot, image: Image, scene: Scene) -> None:
    sent = traffic(seeded(1), TRACES, scene.name)
    spans = {(fields["trace_id"], fields["span_id"]) for _, fields in sent if fields["trace_id"]}
    with start(container, image, scene) as worker:
        worker.until_ready()
        (process,) = psutil.Process(worker.pid).children()
        assert process.uids().real in {image.user.uid, psutil.Process().uids().real}
        log, serializer = scene.log(), scene.serializer()
        for record, fields in sent:
            log.send((fields["trace_id"] or "").encode(), serializer(record, fields), partition=0)
        log.flush()
        until(lambda: scene.lag() == 0 and scene.watermarks().get(0) == len(sent) - 1, "all records", worker)
        process.terminate()
        assert worker.exit_code() == 0, worker.tail()
    found = scene.query("MATCH (i:Invocation) WHERE i.trace_id STARTS WITH $name RETURN count(i) AS n", name=scene.name)
    assert found == [{"n": len(spans)}]
