"""Work beside the batches, until the end of the process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def in_background(
    work: Coroutine[Any, Any, None], name: str, failed: Callable[[BaseException], None]
) -> AsyncIterator[None]:
    """Run work that never ends, and cancel it at the end. ``failed`` is called with its error: a bug."""

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            failed(error)

    running = asyncio.create_task(work, name=name)
    running.add_done_callback(ended)
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})
