from itertools import islice

import pytest

from workers.config.worker_options import Retry as RetryOptions
from workers.core.errors import Contended, Refused, Retryable, TransactionFailed
from workers.engine.health import WorkerHealth
from workers.engine.resilience.retry import Retry, Server, backoff_seconds
from workers.observe.metrics import Metrics
from workers.testing import PARTITION, FakeClock, closed_breakers


def test_waits_double_up_to_the_ceiling_and_spread_by_the_jitter() -> None:
    waits = list(islice(backoff_seconds(lambda: RetryOptions(initial_ms=100, max_ms=1_000, jitter_ratio=0.1)), 6))
    for wait, exact in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0], strict=True):
        assert exact * 0.9 <= wait <= exact * 1.1


class Flaky:
    """Raises its errors, one at each call, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def retry(health: WorkerHealth) -> Retry:
    health.recovered()
    options = RetryOptions(initial_ms=1, max_ms=1)
    return Retry("toy", lambda: options, closed_breakers(), health.partition(PARTITION), Metrics())


async def test_an_attempt_is_repeated_until_the_server_answers() -> None:
    health = WorkerHealth(FakeClock())
    assert await retry(health).until_done(Server.NEO4J, Flaky(Retryable("a"), Retryable("b"))) == "answer"
    assert health.unready() == []


async def test_an_error_that_waiting_cannot_fix_is_raised_at_once() -> None:
    with pytest.raises(Refused):
        await retry(WorkerHealth(FakeClock())).until_done(Server.NEO4J, Flaky(Refused("neo4j.type", "no")))


async def test_a_transaction_that_fails_each_time_is_raised_after_so_many_attempts() -> None:
    attempt = Flaky(TransactionFailed("a"), Retryable("away"), TransactionFailed("b"), TransactionFailed("c"))
    with pytest.raises(TransactionFailed, match="c"):
        await retry(WorkerHealth(FakeClock())).until_done(Server.NEO4J, attempt, transactions=3)


async def test_a_deadlock_is_no_outage() -> None:
    health, unready = WorkerHealth(FakeClock()), list[str]()
    deadlocks = [Contended("deadlock")] * 50

    async def attempt() -> str:
        unready.extend(health.unready())
        if deadlocks:
            raise deadlocks.pop()
        return "answer"

    assert await retry(health).until_done(Server.NEO4J, attempt) == "answer"
    assert unready == []
