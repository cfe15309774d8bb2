"""Retry while a server is away: exponential backoff with jitter, without a last attempt."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

import structlog

from workers.config.takes_effect import Now
from workers.config.worker_options import Retry as RetryOptions
from workers.core.errors import Contended, NeedsOperator, Retryable, TransactionFailed
from workers.engine.health import PartitionHealth, Wait
from workers.engine.resilience.breaker import Breaker, BreakerState
from workers.observe.metrics import Metrics

Result = TypeVar("Result")


class Server(StrEnum):
    """The servers that every worker waits for; the label ``service`` of retries."""

    NEO4J = "neo4j"
    KAFKA = "kafka"
    SCHEMA_REGISTRY = "schema-registry"


log = structlog.get_logger(__name__)


def backoff_seconds(policy: Now[RetryOptions]) -> Iterator[float]:
    """Return the waits before each next attempt, in seconds: exponential up to a maximum, with jitter."""
    wait_ms = float(policy().initial_ms)
    while True:
        options = policy()
        wait_ms = min(wait_ms, options.max_ms)
        spread = random.uniform(1 - options.jitter_ratio, 1 + options.jitter_ratio)  # noqa: S311 - not for security
        yield wait_ms * spread / 1000
        wait_ms *= options.multiplier


class Retry:
    """Repeats an attempt until it succeeds. Records wait during an outage; they never become dead letters.

    While an attempt keeps failing, ``health`` says so: the worker is alive but not ready.
    """

    def __init__(
        self,
        worker: str,
        policy: Now[RetryOptions],
        breakers: Mapping[str, Breaker],
        health: PartitionHealth,
        metrics: Metrics,
    ) -> None:
        self._worker = worker
        self._policy = policy
        self._breakers = breakers
        self._health = health
        self._metrics = metrics

    def for_partition(self, health: PartitionHealth) -> "Retry":
        """Return the same retry, which names its waits in the health of one partition."""
        return Retry(self._worker, self._policy, self._breakers, health, self._metrics)

    async def until_done(
        self, server: str, attempt: Callable[[], Awaitable[Result]], *, transactions: int | None = None
    ) -> Result:
        """Return the attempt's result. Errors other than ``Retryable`` are raised.

        ``transactions`` limits how often ``TransactionFailed`` is taken for the server's failure; then it is raised.
        """
        breaker, failed = self._breakers[server], 0
        with self._health.waiting(server) as wait:
            for seconds in backoff_seconds(self._policy):
                try:
                    async with breaker.attempt():
                        return await attempt()
                except Retryable as reason:
                    failed += isinstance(reason, TransactionFailed)
                    if transactions is not None and failed >= transactions:
                        raise
                    self._note(wait, reason, breaker)
                    if breaker.state is BreakerState.CLOSED:
                        await asyncio.sleep(seconds)  # otherwise the breaker decides when to try again
        raise AssertionError("the backoff never ends")

    def _note(self, wait: Wait, reason: Retryable, breaker: Breaker) -> None:
        self._metrics.retry(self._worker, wait.reason)
        if isinstance(reason, Contended):
            log.debug("waiting for locks", server=wait.reason, reason=str(reason))
            return
        wait.outage, wait.needs_operator = str(reason), isinstance(reason, NeedsOperator)
        log.warning("waiting for a server", server=wait.reason, reason=str(reason), breaker=breaker.state.name)
