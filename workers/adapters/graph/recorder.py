"""Writes to the graph beside the batches: what a procedure has done, one attempt, and errors by what to do next."""

import asyncio

import neo4j

from workers.adapters.graph.errors import classified
from workers.adapters.graph.session import session
from workers.adapters.graph.writer import ANSWER_SECONDS, TRANSACTION_SECONDS
from workers.core.reference import Query
from workers.observe.tracing import NO_TRACING, Tracing


class Neo4jRecorder:
    """Runs idempotent Cypher, each in a transaction of its own. No watermark guards it."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str, tracing: Tracing = NO_TRACING) -> None:
        self._driver = driver
        self._database = database
        self._tracing = tracing

    async def record(self, record: Query) -> None:
        """Return once it is committed. Raises ``Retryable`` and ``Refused``; anything else is a bug.

        After a ``Retryable`` it may be in the graph all the same: it must be one that can be written again.
        """
        query = neo4j.Query(record.cypher, timeout=TRANSACTION_SECONDS)
        with classified(), self._tracing.transaction(self._database, "record"):
            async with (
                asyncio.timeout(TRANSACTION_SECONDS + ANSWER_SECONDS),
                session(self._driver, database=self._database) as opened,
            ):
                await (await opened.run(query, dict(record.parameters))).consume()
