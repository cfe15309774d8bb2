"""The graph, as the benchmark reads and clears it."""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.adapters.graph.connection import GraphConnection
from workers.dev.bench.records import Nodes

AT_ONCE = 5_000
"""Nodes counted or deleted in one transaction."""

COUNT = {
    "invocations": """
UNWIND $keys AS key MATCH (i:Invocation {key: key})
RETURN count(i) AS Invocation,
  sum(COUNT { (i)-[:USES_MODEL]->() }) AS USES_MODEL, sum(COUNT { (i)-[:FOLLOWED_BY]->() }) AS FOLLOWED_BY,
  sum(COUNT { (i)-[:CHILD_OF]->() }) AS CHILD_OF, sum(COUNT { (i)-[:HAS_METRIC]->() }) AS HAS_METRIC,
  sum(COUNT { (i)-[:CAUSED_ERROR]->() }) AS CAUSED_ERROR,
  sum(COUNT { (i)-[:CAUSED_ERROR]->()-[:TRIGGERED_BY]->() }) AS TRIGGERED_BY
""",
    "audit_events": """
UNWIND $keys AS key MATCH (e:AuditEvent {id: key})
RETURN count(e) AS AuditEvent, sum(COUNT { ()-[:PERFORMED]->(e) }) AS PERFORMED,
  sum(COUNT { (e)-[:CONCERNS]->() }) AS CONCERNS
""",
}
DELETE = {
    "invocations": "UNWIND $keys AS key MATCH (n:Invocation {key: key}) DETACH DELETE n",
    "metrics": "UNWIND $keys AS key MATCH (n:PerformanceMetric {id: key}) DETACH DELETE n",
    "errors": "UNWIND $keys AS key MATCH (n:Error {id: key}) DETACH DELETE n",
    "audit_events": """
UNWIND $keys AS key MATCH (n:AuditEvent {id: key})
OPTIONAL MATCH (n)-[:CONCERNS]->(c:Prompt|Completion) WHERE c.stub
DETACH DELETE n, c
""",
}
DELETE_WATERMARKS = "MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix DELETE w"
DELETE_CHAINS = "MATCH (c:AuditChain) WHERE 'audit/' + c.id STARTS WITH $prefix DETACH DELETE c"


class RunGraph(GraphConnection):
    """The benchmark's access to the graph."""

    async def count(self, nodes: Nodes) -> dict[str, int]:
        """Count a run's Invocations or audit events, and what belongs to them, by label and relationship type."""
        found: dict[str, int] = {}
        for label, cypher in COUNT.items():
            for keys in _parts(sorted(getattr(nodes, label))):
                for name, count in (await self.rows(cypher, keys=keys))[0].items():
                    found[name] = found.get(name, 0) + count
        return found

    async def clear(self, nodes: Nodes, watermarks: str) -> None:
        """Delete a run's nodes, its watermarks (by prefix) and its chains; Models, Users and constraints stay."""
        for label, cypher in DELETE.items():
            for keys in _parts(sorted(getattr(nodes, label))):
                await self.rows(cypher, keys=keys)
        await self.rows(DELETE_WATERMARKS, prefix=watermarks)
        await self.rows(DELETE_CHAINS, prefix=watermarks)

    async def profiled(
        self, cypher: str, parameters: Mapping[str, Any], prepare: tuple[str, dict[str, Any]] | None = None
    ) -> tuple[list[dict[str, Any]], Mapping[str, Any]]:
        """Return the rows of a query with PROFILE, and its plan; roll back what it and ``prepare`` have written."""
        async with (
            self._driver.session(database=self._settings.database) as session,
            await session.begin_transaction() as transaction,
        ):
            if prepare:
                await (await transaction.run(*prepare)).consume()
            result = await transaction.run(cypher, dict(parameters))
            rows = [record.data() async for record in result]
            summary = await result.consume()
            await transaction.rollback()
        if summary.profile is None:
            raise ValueError("the server has profiled nothing")
        return rows, summary.profile

    async def version(self) -> str:
        """Return name, version and edition of the database."""
        row = (await self.rows("CALL dbms.components() YIELD name, versions, edition"))[0]
        return f"{row['name']} {row['versions'][0]} {row['edition']}"


def _parts(keys: list[str]) -> Sequence[list[str]]:
    return [keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)]
