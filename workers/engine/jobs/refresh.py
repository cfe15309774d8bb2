"""Reference data: read from the graph before the first batch, then kept up to date beside the batches."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from workers.core.errors import Retryable
from workers.core.reference import Query, Reference

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 1.0
"""How far what is known may lag behind the graph, while that answers."""

Ask = Callable[[Query], Awaitable[Sequence[Mapping[str, Any]]]]
"""Raises ``Retryable`` while the graph is away."""


async def learn(reference: Reference, ask: Ask) -> None:
    """Ask until there is no question left. Raises ``Retryable``; then the next call goes on where this one stopped."""
    while reference.answer(await ask(reference.question())):
        pass


@asynccontextmanager
async def kept_fresh(
    reference: Reference,
    ask: Ask,
    failed: Callable[[BaseException], None],
    every_seconds: float = REFRESH_SECONDS,
) -> AsyncIterator[None]:
    """Learn, then keep learning until the end. Raises ``Retryable`` where the graph is away from the start.

    ``failed`` is called with anything else that goes wrong later: a bug, which ends the process.
    """
    await learn(reference, ask)
    refreshing = asyncio.create_task(_keep_learning(reference, ask, every_seconds), name="reference data")
    refreshing.add_done_callback(lambda task: _report(task, failed))
    try:
        yield
    finally:
        refreshing.cancel()
        await asyncio.wait({refreshing})


async def _keep_learning(reference: Reference, ask: Ask, every_seconds: float) -> None:
    """While the graph is away what is known goes on to count: events that are folded now can be repriced later."""
    away = False
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await learn(reference, ask)
        except Retryable as reason:
            if not away:
                log.warning("reference data stays as it is until the graph answers", reason=str(reason))
            away = True
        else:
            if away:
                log.info("reference data is up to date again")
            away = False


def _report(task: "asyncio.Task[None]", failed: Callable[[BaseException], None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        failed(error)
