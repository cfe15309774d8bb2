"""The servers, and a scene for each test file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.end_to_end.scene import Scene
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

Scenes = Callable[..., Scene]


@pytest.fixture(scope="session")
def settings(stack: RunningStack) -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        return Settings.from_environment()


@pytest.fixture(scope="module")
def scenes(
    request: pytest.FixtureRequest,
    settings: Settings,
    stack: RunningStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scenes]:
    """Yield a function that makes scenes; remove them after the last test."""
    name = Path(str(request.path)).stem.removeprefix("test_").replace("_", "-")
    made: list[Scene] = []

    def make(partitions: int, **parts: Any) -> Scene:
        scene = Scene(
            # A name that no earlier run on the same servers had.
            name=f"{name}-{uuid4().hex[:8]}",
            settings=settings,
            environment=stack.environment,
            folder=tmp_path_factory.mktemp(name),
            partitions=partitions,
            **parts,
        )
        made.append(scene)
        scene.set_up()
        return scene

    yield make
    for scene in made:
        scene.tear_down()


@pytest.fixture(scope="module")
def scene(scenes: Scenes) -> Scene:
    """A scene of two partitions."""
    return scenes(2)
