"""Reference data: read from the graph before the first batch, then kept up to date beside the batches."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from workers.core.errors import Retryable
from workers.core.reference import Query, Reference
from workers.engine.background import in_background

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 1.0
"""The largest age of reference data, while the graph answers."""

Ask = Callable[[Query], Awaitable[Sequence[Mapping[str, Any]]]]
"""Runs a query. Raises ``Retryable`` while the graph is away."""


async def refresh(reference: Reference, ask: Ask) -> None:
    """Run queries until there is none left. Raises ``Retryable``; the next call continues where this one stopped."""
    while reference.learn(await ask(reference.query())):
        pass


@asynccontextmanager
async def kept_up_to_date(
    reference: Reference,
    ask: Ask,
    failed: Callable[[BaseException], None],
    every_seconds: float = REFRESH_SECONDS,
) -> AsyncIterator[None]:
    """Read the data, then keep it up to date until the end. Raises ``Retryable`` when the first reading fails.

    ``failed`` is called with any other later error: a bug, which ends the process.
    """
    await refresh(reference, ask)
    async with in_background(_keep_refreshing(reference, ask, every_seconds), "reference data", failed):
        yield


async def _keep_refreshing(reference: Reference, ask: Ask, every_seconds: float) -> None:
    """Refresh for ever. While the graph is away the old data is used: it can be corrected later (`graph reprice`)."""
    away = False
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await refresh(reference, ask)
        except Retryable as reason:
            if not away:
                log.warning("reference data stays as it is until the graph answers", reason=str(reason))
            away = True
        else:
            if away:
                log.info("reference data is up to date again")
            away = False
