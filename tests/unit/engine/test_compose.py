from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.observe.collected import Collected
from workers.config.settings import Settings
from workers.engine import compose as module
from workers.engine.compose import compose
from workers.engine.consumer.unreadable import UnreadableBatches
from workers.engine.deployment import Deployment
from workers.pipelines.fleet import FLEET, load_topology

TOPOLOGY = Path(__file__).parents[3] / "topology.yaml"


class Parts:
    """Stand for every part that needs a server, and keep the tracing that each of them is given."""

    def __init__(self) -> None:
        self.tracing: dict[str, Any] = {}

    def replace(self, patch: pytest.MonkeyPatch) -> None:
        for name in ("Neo4jWriter", "Neo4jRecorder", "KafkaDeadLetters", "PartitionContext"):
            patch.setattr(module, name, self._part(name))
        other = ("Neo4jReader", "KafkaTopicStates", "KafkaDeadLetterTopic", "DeadLetterGauges", "Admin", "Assignment")
        for name in (*other, "Observer", "attach"):
            patch.setattr(module, name, lambda *_, **__: SimpleNamespace(grow=print, ask=None, leads=None, run=nothing))
        for name in ("_serve_health", "open_graph"):
            patch.setattr(module, name, nothing)
        for name in ("observed", "running_jobs"):
            patch.setattr(module, name, beside)
        patch.setattr(module, "open_effects", self._effects)
        patch.setattr(module, "partitions_of", lambda _: 1)
        context = SimpleNamespace(acknowledged=None, buffer=None, unreadable=UnreadableBatches())
        patch.setattr(module, "_app", lambda *_: SimpleNamespace(consumer_context=context))
        table = SimpleNamespace(changelog_topic_name="", data=SimpleNamespace(data=OrderedDict()))
        patch.setattr(module, "state_table", lambda *_: table)

    def _part(self, name: str) -> Any:
        def made(*arguments: Any, **named: Any) -> Any:
            self.tracing[name] = named.get("tracing", arguments[-1] if arguments else None)
            return SimpleNamespace(aclose=nothing, record=None)

        return made

    async def _effects(self, *arguments: Any) -> Any:
        self.tracing["open_effects"] = arguments[-1]
        return SimpleNamespace(run=None, fetch=None)


async def nothing(*_: Any) -> None:
    return None


@asynccontextmanager
async def beside(*_: Any) -> AsyncIterator[None]:
    yield


async def test_every_part_that_writes_or_sends_has_the_one_tracing_which_ends_with_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts, tracing, ended = Parts(), Collected(), list[str]()
    parts.replace(monkeypatch)
    monkeypatch.setattr("workers.engine.deployment.configure_tracing", lambda _: tracing)
    monkeypatch.setattr(tracing, "shutdown", lambda: ended.append("ended"))
    deployment = Deployment(FLEET["registry"], Settings(), load_topology(TOPOLOGY))
    async with AsyncExitStack() as stack:
        await compose(stack, deployment, print)
        assert not ended

    assert parts.tracing == dict.fromkeys(
        ("Neo4jWriter", "Neo4jRecorder", "KafkaDeadLetters", "PartitionContext", "open_effects"), tracing
    )
    assert ended == ["ended"]
