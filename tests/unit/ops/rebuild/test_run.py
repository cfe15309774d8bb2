"""Rounds of a rebuild: in which order, until when, and what ends it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workers.config.settings import Settings
from workers.core.errors import Fenced, Misconfigured, ProblemsFound, Unreachable
from workers.ops.graph_check.report import Report
from workers.ops.graph_check.watermarks import Log, Mark, PartitionMark
from workers.ops.rebuild import run as module
from workers.ops.rebuild.run import Outcome, Rebuild
from workers.pipelines.fleet import load_topology

TOPOLOGY = load_topology(Path(__file__).parents[4] / "topology.yaml")
NAMES = ["registry", "telemetry"]


class World:
    """The servers and the workers. ``committed`` has what each worker's group commits, round by round."""

    def __init__(
        self, patch: pytest.MonkeyPatch, *errors: Exception, topic_id: str = "id", **committed: list[int]
    ) -> None:
        self.committed, self.errors, self.topic_id = committed, list(errors), topic_id
        self.journal: list[str] = []
        self.shown: list[str] = []
        patch.setattr(module, "marks_of", self._marks)
        patch.setattr(module, "opened", self._opened)
        patch.setattr(module, "verify", self._verify)
        patch.setattr(module, "rejected_here", _nothing)
        patch.setattr(module, "require_no_worker", _nothing)
        patch.setattr(module, "FOLLOW_SECONDS", 0.0)
        patch.setattr(Rebuild, "_migrate", _nothing)
        self.rebuild = Rebuild(Settings(), TOPOLOGY, NAMES, self.shown.append)

    async def run(self, *, follow: bool = False) -> Outcome:
        graph: Any = None
        return await self.rebuild.run(graph, (lambda: self.journal.append("caught up")) if follow else None)

    async def _marks(self, _graph: object, _kafka: object, name: str, topic: str, _group: str) -> list[PartitionMark]:
        left = self.committed.get(name, [])
        again = left.pop(0) if left else 0
        if again < 0:
            os.kill(os.getpid(), signal.SIGTERM)
        mark = PartitionMark(name, topic, 0, Mark(4, "id"), Log(self.topic_id, 0, 20), 9, again=max(0, again))
        return [mark]

    @asynccontextmanager
    async def _opened(self, deployment: Any, _graph: object, progress: Any) -> AsyncIterator[Any]:
        name = deployment.factory.name
        self.journal.append(f"{name} opened")

        async def fold(marks: list[PartitionMark]) -> None:
            if self.errors:
                raise self.errors.pop(0)
            progress(marks[0].again)
            self.journal.append(f"{name} {marks[0].again}")

        yield SimpleNamespace(fold=fold, health=None, not_sent=SimpleNamespace(left_out=1))
        self.journal.append(f"{name} closed")

    async def _verify(self, *_: object) -> Report:
        self.journal.append("verified")
        return Report(10)


async def _nothing(_: object) -> list[Any]:
    return []


async def test_a_worker_begins_once_those_before_it_have_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, registry=[5], telemetry=[8])
    outcome = await world.run()
    folded = ["registry opened", "registry 5", "telemetry opened", "telemetry 8", "verified"]
    assert world.journal[:5] == folded
    assert (outcome.records, outcome.left_out, outcome.problems) == (13, 2, 0)
    assert set(world.journal[5:]) == {"telemetry closed", "registry closed"}


async def test_rounds_go_on_until_one_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 60.0, 60.0, 71.0, 71.0, 72.0])
    monkeypatch.setattr(module, "monotonic", lambda: next(times))
    world = World(monkeypatch, registry=[5, 4, 3, 2])
    await world.run()
    assert world.journal[1:5] == ["registry 5", "registry 4", "registry 3", "verified"]


async def test_it_follows_until_a_signal_and_compares_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, registry=[5, 0, 2, -1, 7])
    outcome = await world.run(follow=True)
    assert world.journal[1:-1] == ["registry 5", "verified", "caught up", "registry 2", "registry 7", "verified"]
    assert outcome.records == 14
    await asyncio.sleep(0)
    has_handler = asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    assert not has_handler, "a second signal ends it at once"


async def test_it_waits_for_a_server_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, Unreachable("Kafka is away"), registry=[5, 5])
    await world.run()
    assert "waits: Kafka is away" in world.shown
    assert world.journal[:3] == ["registry opened", "registry 5", "verified"]


async def test_workers_that_take_over_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, Fenced("another owner has claimed it"), registry=[5])
    with pytest.raises(ProblemsFound, match=r"workers have begun with .*another owner"):
        await world.run()
    assert "verified" not in world.journal


async def test_a_topic_that_was_recreated_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misconfigured, match="registry-changes was deleted and created again"):
        await World(monkeypatch, topic_id="id-2", registry=[5]).run()
