"""A worker's parts as a process composes them, over a topology.yaml of a test's own that the test changes."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from workers.config.settings import Settings
from workers.engine import compose as module
from workers.engine.app import build_app
from workers.engine.deployment import Deployment
from workers.engine.health import WorkerHealth
from workers.observe.metrics import Metrics
from workers.pipelines.fleet import FLEET, load_topology
from workers.testing import FakeClock, FakeDeadLetters, FakeGraph

OURS = Path(__file__).parents[3] / "topology.yaml"


class Tuned:
    """The parts of one worker, made with the options of our own file; ``change`` changes the file while they live."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.file = folder / "topology.yaml"
        self.values: Any = YAML(typ="safe").load(OURS)
        self.write()
        self.clock = FakeClock()
        self.metrics = Metrics(FLEET[name].metrics)
        deployment = Deployment(FLEET[name], Settings(), load_topology(self.file))
        self.in_force = deployment.in_force
        self.deployment = deployment
        self.health = WorkerHealth(self.clock)
        self.app = build_app(deployment.settings.kafka, deployment.in_force, 1, folder)
        self.reload = module._reload(deployment, self.metrics)  # noqa: SLF001 - as a process composes it

    def open(self) -> None:
        parts: Any = (self.deployment, FakeGraph(), FakeDeadLetters(), OrderedDict(), self.health, self.metrics)
        self.sinks = module.sinks_of(*parts)

    def write(self) -> None:
        YAML().dump(self.values, self.file)

    async def change(self, key: str, value: object) -> None:
        """Write another value of the worker's option into the file, and look."""
        entry = self.values["workers"][self.name]
        *blocks, leaf = key.split(".")
        for block in blocks:
            entry = entry.setdefault(block, {})
        entry[leaf] = value
        self.write()
        await self.reload.look(at_once=True)

    def gauge(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"llm_memory_graph_{name}", labels)


@asynccontextmanager
async def tuned(name: str, folder: Path) -> AsyncIterator[Tuned]:
    """Yield a worker whose breakers, limits and windows go by a clock that only the test moves."""
    with pytest.MonkeyPatch.context() as patch:
        made = Tuned(name, folder)
        patch.setattr(module, "SystemClock", lambda: made.clock)
        made.open()
        yield made
