import asyncio
from pathlib import Path

import pytest

from tests.unit.engine.toy import TOY
from workers.config.settings import KafkaSettings
from workers.config.worker_options import WorkerOptions
from workers.engine import app as module
from workers.engine.app import WorkerApp, build_app
from workers.engine.in_force import InForce


class DrainedAssignment:
    """An assignment that remembers having been drained."""

    drained = False

    async def drain(self) -> None:
        self.drained = True


class StoppingConsumer:
    """A consumer whose thread is ending: what it is asked to commit is never done."""

    committing = False

    async def commit(self) -> None:
        self.committing = True
        await asyncio.Event().wait()


@pytest.fixture
def app(tmp_path: Path) -> WorkerApp:
    return build_app(KafkaSettings(), InForce(WorkerOptions(topic="events", group="readers"), TOY), 1, tmp_path)


async def test_the_drain_does_not_wait_for_a_commit_that_never_ends(
    app: WorkerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_SECONDS", 0.01)
    app.consumer_context.assignment = assignment = DrainedAssignment()  # type: ignore[assignment]  # the test needs no more of it
    consumer = StoppingConsumer()
    async with asyncio.timeout(10):
        await app._consumer_wait_empty(consumer, None)  # noqa: SLF001 - Faust calls it
    assert assignment.drained
    assert consumer.committing
