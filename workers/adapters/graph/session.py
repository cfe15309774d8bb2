"""A session whose connection does not go back to the pool where its socket turns out to be closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import neo4j

from workers.adapters.graph.errors import is_closed


@asynccontextmanager
async def session(driver: neo4j.AsyncDriver, database: str, **config: Any) -> AsyncIterator[neo4j.AsyncSession]:
    """Open a session of ``driver``; ``config`` is the driver's.

    uvloop tells of a socket that the other side has cut by a ``RuntimeError``, where asyncio has an ``OSError`` (found
    by chaos). The driver does not take that for the end of the connection, and would neither close it nor use it again.
    """
    async with driver.session(database=database, **config) as opened:
        try:
            yield opened
        except RuntimeError as error:
            if is_closed(error):
                opened.cancel()
            raise
