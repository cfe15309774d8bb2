from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.topics import await_leaders
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

ROOT = Path(__file__).parents[4]
PARTITIONS = 3


@pytest.fixture
def settings(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MEMORY_GRAPH_TOPOLOGY", str(ROOT / "topology.yaml"))
    return Settings.from_environment()


@pytest.fixture
def topic(settings: Settings) -> Iterator[str]:
    """Yield a topic of three partitions for one test."""
    admin, name = Admin(settings.kafka), f"sample-{uuid4().hex[:12]}"
    admin.result(admin.client.create_topics([NewTopic(name, PARTITIONS, 1)])[name])
    await_leaders(admin, {name: PARTITIONS})
    yield name
    admin.result(admin.client.delete_topics([name])[name])
