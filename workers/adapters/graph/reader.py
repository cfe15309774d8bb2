"""Reads from the graph for a process that goes on without an answer: one attempt, and errors by what to do next."""

import asyncio
from typing import Any

import neo4j

from workers.adapters.graph.errors import classified
from workers.adapters.graph.session import session
from workers.core.reference import Query

ANSWER_SECONDS = 30.0


class Neo4jReader:
    """Asks questions, each in a transaction of its own."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._driver = driver
        self._database = database
        self._answer_seconds = answer_seconds

    async def ask(self, question: Query) -> list[dict[str, Any]]:
        """Return every row of the answer, by column. Raises ``Retryable``; anything else is a bug."""
        query = neo4j.Query(question.cypher, timeout=self._answer_seconds)
        access = neo4j.READ_ACCESS
        with classified():
            async with (
                asyncio.timeout(self._answer_seconds),
                session(self._driver, database=self._database, default_access_mode=access) as opened,
            ):
                result = await opened.run(query, dict(question.parameters))
                return await result.data()
