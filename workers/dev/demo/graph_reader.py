"""Read from the graph while workers write to it."""

from types import TracebackType
from typing import Any, Self

from workers.adapters.graph.driver import explained, open_driver
from workers.config.settings import Neo4jSettings


class GraphReader:
    """Asks Cypher, gets rows. Raises ``Unreachable`` or ``Misconfigured`` like everything that talks to Neo4j."""

    def __init__(self, settings: Neo4jSettings) -> None:
        self._settings = settings
        self._driver = open_driver(settings)

    async def rows(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Give every row of the answer, by column."""
        with explained(self._settings):
            records, _, _ = await self._driver.execute_query(
                cypher,
                parameters_=parameters,
                database_=self._settings.database,
                routing_="r",
            )
            return [record.data() for record in records]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self._driver.close()
