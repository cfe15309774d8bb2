"""The graph for commands: each query in a transaction of its own, repeated by the driver while the server is busy."""

from types import TracebackType
from typing import Any, Self

from neo4j import Record
from neo4j.exceptions import ConstraintError

from workers.adapters.graph.driver import check_connection, explained, open_driver
from workers.config.settings import GraphSettings
from workers.core.errors import Refused

WATERMARKS = """
MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix
WITH toInteger(substring(w.id, size($prefix))) AS partition, w.offset AS offset
WHERE partition IS NOT NULL AND offset IS NOT NULL  // not deleted while it was read
RETURN partition, offset
"""


class GraphConnection:
    """Runs Cypher and returns rows, inside ``async with``. Every query must be one that may run again.

    Raises ``Unreachable`` and ``Misconfigured``, each with the fix in one sentence, and ``Refused`` for a constraint.
    """

    def __init__(self, settings: GraphSettings) -> None:
        self._settings = settings
        self._driver = open_driver(settings)

    async def rows(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return every row of the result, by column."""
        return [record.data() for record in await self._records(cypher, parameters)]

    async def values(self, cypher: str, **parameters: Any) -> list[list[Any]]:
        """Return every row of a result without nodes: in long lists, looking for some takes longer than all else."""
        return [record.values() for record in await self._records(cypher, parameters)]

    async def _records(self, cypher: str, parameters: dict[str, Any]) -> list[Record]:
        database = self._settings.database
        with explained(self._settings):
            try:
                result = await self._driver.execute_query(cypher, parameters_=parameters, database_=database)
            except ConstraintError as error:
                raise Refused("neo4j.constraint", f"a constraint forbids this ({error.message})") from error
            return result.records

    async def watermarks(self, prefix: str) -> dict[int, int]:
        """Return the last offset in the graph by partition, of the watermarks whose id begins ``<worker>/<topic>/``."""
        return {row["partition"]: row["offset"] for row in await self.rows(WATERMARKS, prefix=prefix)}

    async def __aenter__(self) -> Self:
        try:
            await check_connection(self._driver, self._settings)
        except BaseException:
            await self._driver.close()
            raise
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self._driver.close()
