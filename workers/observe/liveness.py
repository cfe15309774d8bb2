"""A liveness probe, with the defaults of Kubernetes."""

import asyncio

import aiohttp

PERIOD_SECONDS = 10.0
TIMEOUT_SECONDS = 5.0
FAILURES = 3
STARTUP_SECONDS = 120.0
"""A process that has never answered may still be loading, or waiting for Kafka."""


async def until_not_alive(url: str) -> str:
    """Return why, once ``url`` has failed ``FAILURES`` times in a row, or has not answered within the startup time."""
    loop = asyncio.get_running_loop()
    started, answered, failures = loop.time(), False, 0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)) as session:
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            answers, reason = await _ask(session, url)
            answered |= answers
            failures = failures + 1 if reason else 0
            if failures >= FAILURES and (answered or loop.time() - started > STARTUP_SECONDS):
                return reason


async def _ask(session: aiohttp.ClientSession, url: str) -> tuple[bool, str]:
    """Return whether there is an answer, and what is wrong; an empty text where nothing is."""
    try:
        async with session.get(url) as answer:
            return True, "" if answer.ok else f"{url} answers {answer.status}: {await answer.text()}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return False, f"{url} does not answer: {str(error) or type(error).__name__}"
