"""The graph as repricing uses it: one query a transaction, tried again by the driver while the server is busy."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from workers.adapters.graph.driver import check_connection, explained, open_driver
from workers.config.settings import Neo4jSettings
from workers.core.reference import Query


class Graph:
    """Raises ``Unreachable`` and ``Misconfigured``. Every query it runs may be run again."""

    def __init__(self, settings: Neo4jSettings) -> None:
        self._settings = settings
        self._driver = open_driver(settings)

    async def rows(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return every row of the answer, by column."""
        with explained(self._settings):
            answer = await self._driver.execute_query(cypher, parameters_=parameters, database_=self._settings.database)
            return [record.data() for record in answer.records]

    async def ask(self, question: Query) -> Sequence[Mapping[str, Any]]:
        """Answer what a worker's reference data wants to know."""
        return await self.rows(question.cypher, **question.parameters)

    async def __aenter__(self) -> Self:
        await check_connection(self._driver, self._settings)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self._driver.close()
