"""The chart, rendered for the servers of this test run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import HOME
from tests.end_to_end.outsider import SCHEMAS
from tests.end_to_end.pod.manifest import Files, Json, files_of
from tests.end_to_end.scene import Scene
from tests.integration.helm.chart import Helm, Manifests
from workers.dev.stack.go_programs import build
from workers.dev.stack.home import CACHE
from workers.pipelines.fleet import FLEET

PASSWORD_SECRET = "memory-graph-neo4j"


class Rendered(NamedTuple):
    """What Helm has made of a scene: the Deployment of its worker, and all files that pods mount."""

    manifests: Manifests
    deployment: Json
    files: Files


Render = Callable[..., Rendered]


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(build("helm", HOME / CACHE))


@pytest.fixture(scope="session")
def rendered(helm: Helm) -> Render:
    """Return a function that renders the chart for a scene; ``values`` are further ``--set`` options."""

    def render(scene: Scene, **values: Any) -> Rendered:
        server, neo4j = scene.settings, scene.settings.neo4j
        settings = {
            "kafka.bootstrapServers": server.kafka.bootstrap_servers,
            "neo4j.uri": neo4j.uri,
            "neo4j.username": neo4j.username,
            "schemaRegistry.url": server.schema_registry.url,
            **{f"workers.{name}.enabled": "false" for name in FLEET if name != scene.worker},
            "tlsMinVersion": "1.3",
            **values,
        }
        arguments = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        manifests = helm.template("default", "--set-file", f"topology={topology_of(scene)}", *arguments)
        (deployment,) = manifests.of("Deployment").values()
        password = {"password": neo4j.password.get_secret_value()}
        return Rendered(manifests, deployment, {**files_of(manifests.objects), ("Secret", PASSWORD_SECRET): password})

    return render


def topology_of(scene: Scene) -> Path:
    """Write the scene's topology with the schemas that the chart mounts beside it."""
    path = scene.folder / "chart-topology.yaml"
    path.write_text(scene.topology_path.read_text().replace(f"schemas: {SCHEMAS}", "schemas: schemas/avro"))
    return path
