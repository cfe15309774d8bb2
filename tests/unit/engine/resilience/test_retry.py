from itertools import islice

import pytest

from tests.unit.engine.fakes import FakeClock, closed_breakers
from workers.config.tuning import Retry as RetryTuning
from workers.core.errors import Refused, Retryable
from workers.engine.health import WorkerHealth
from workers.engine.resilience.retry import Retry, Server, backoff_seconds
from workers.observe.metrics import Metrics


def test_waits_double_up_to_the_ceiling_and_spread_by_the_jitter() -> None:
    waits = list(islice(backoff_seconds(RetryTuning(initial_ms=100, max_ms=1_000, jitter_ratio=0.1)), 6))
    for wait, exact in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0], strict=True):
        assert exact * 0.9 <= wait <= exact * 1.1


class Flaky:
    """Fails with what it is given, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def retry(condition: WorkerHealth) -> Retry:
    condition.recovered(done=True)
    return Retry("toy", RetryTuning(initial_ms=1, max_ms=1), closed_breakers(), condition, Metrics())


async def test_the_answer_comes_through_however_often_the_server_was_away() -> None:
    condition = WorkerHealth(FakeClock())
    assert await retry(condition).through(Server.NEO4J, Flaky(Retryable("a"), Retryable("b"))) == "answer"
    assert condition.unready() == []


async def test_what_waiting_cannot_help_is_raised_at_once() -> None:
    with pytest.raises(Refused):
        await retry(WorkerHealth(FakeClock())).through(Server.NEO4J, Flaky(Refused("neo4j.type", "no")))
