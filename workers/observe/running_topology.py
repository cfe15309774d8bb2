"""Ask a running worker which options count in it."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from workers.core.errors import Unreachable

TIMEOUT_SECONDS = 5.0


async def running_topology(url: str, shown: str) -> Mapping[str, Any]:
    """Return the page ``/topology`` of a worker. Raises ``Unreachable``, which names the worker as ``shown``."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/topology") as answer:
            page = await answer.json() if answer.ok else None
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unreachable(
            f"{shown} does not answer ({type(error).__name__}): name its address with --worker-url"
        ) from None
    if not isinstance(page, dict) or not page.keys() >= {"worker", "digest", "options"}:
        raise Unreachable(
            f"{shown} answers {answer.status}, and is no worker of this version: name another --worker-url"
        )
    return page
