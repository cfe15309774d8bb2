"""Try again while a server is away: exponential backoff with jitter, without end."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

import structlog

from workers.config.tuning import Retry as RetryTuning
from workers.core.errors import Retryable
from workers.engine.health import WorkerHealth
from workers.engine.resilience.breaker import Breaker, BreakerState
from workers.observe.metrics import Metrics

Result = TypeVar("Result")


class Server(StrEnum):
    """What may be waited for; the label ``service`` of the retries."""

    NEO4J = "neo4j"
    KAFKA = "kafka"
    SCHEMA_REGISTRY = "schema-registry"


log = structlog.get_logger(__name__)


def backoff_seconds(policy: RetryTuning) -> Iterator[float]:
    """Seconds to wait before each next attempt: exponential to a ceiling, spread by the jitter ratio."""
    wait_ms = float(policy.initial_ms)
    while True:
        spread = random.uniform(1 - policy.jitter_ratio, 1 + policy.jitter_ratio)  # noqa: S311 - not for security
        yield wait_ms * spread / 1000
        wait_ms = min(wait_ms * policy.multiplier, policy.max_ms)


class Retry:
    """Runs an attempt until it is through. An outage is waited out, never dead-lettered.

    While an attempt keeps failing, ``condition`` says so: the worker is alive but not ready.
    """

    def __init__(
        self,
        worker: str,
        policy: RetryTuning,
        breakers: Mapping[Server, Breaker],
        condition: WorkerHealth,
        metrics: Metrics,
    ) -> None:
        self._worker = worker
        self._policy = policy
        self._breakers = breakers
        self._condition = condition
        self._metrics = metrics

    async def through(self, server: Server, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Return the attempt's result; what it raises beside ``Retryable`` is not for here."""
        breaker = self._breakers[server]
        for wait in backoff_seconds(self._policy):
            try:
                async with breaker.attempt():
                    result = await attempt()
            except Retryable as reason:
                self._condition.unreachable(server, str(reason))
                self._metrics.retry(self._worker, server)
                log.warning("waiting for a server", server=str(server), reason=str(reason), breaker=breaker.state.name)
                if breaker.state is BreakerState.CLOSED:
                    await asyncio.sleep(wait)  # else the breaker knows better when to try again
            else:
                self._condition.reachable(server)
                return result
        raise AssertionError("the backoff never ends")
