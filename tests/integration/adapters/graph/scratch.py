"""One test's part of a shared graph: its own label and worker name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import neo4j

from workers.core.record import TopicPartition
from workers.core.statement import Statement

PATIENCE_SECONDS = 20


class Scratch:
    """Writes only nodes with ``label``; ``clear`` deletes them."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str, name: str) -> None:
        self.driver = driver
        self.database = database
        self.label = f"Scratch{name}"
        self.worker = f"scratch-{name}"
        self.partition = TopicPartition(f"scratch-{name}", 3)

    async def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        result = await self.driver.execute_query(cypher, parameters, database_=self.database)
        return [record.data() for record in result.records]

    async def values(self) -> list[Any]:
        """Return the values that ``create`` has written, sorted, including duplicates."""
        rows = await self.query(
            f"MATCH (n:{self.label}) WHERE n.value IS NOT NULL RETURN n.value AS value ORDER BY value"
        )
        return [row["value"] for row in rows]

    def create(self, *values: Any) -> Statement:
        """Return a statement with CREATE, not MERGE: a second write makes duplicates."""
        cypher = f"UNWIND $rows AS row CREATE (n:{self.label}) SET n.value = row.value"
        return Statement("create", cypher, [{"value": value} for value in values])

    def touch(self, *ids: str) -> Statement:
        """Return a statement that locks the nodes with these ids one after another."""
        cypher = f"UNWIND $rows AS row MATCH (n:{self.label} {{id: row[0]}}) SET n.touched = row[0]"
        return Statement("touch", cypher, [(id_,) for id_ in ids])

    @asynccontextmanager
    async def held(self, *ids: str) -> AsyncIterator[None]:
        """Lock the nodes with these ids: other transactions that change them must wait."""
        await self.query(f"UNWIND $ids AS id MERGE (:{self.label} {{id: id}})", ids=ids)
        async with self.driver.session(database=self.database) as session, await session.begin_transaction() as holder:
            await (await holder.run(f"MATCH (n:{self.label}) WHERE n.id IN $ids SET n.held = true", ids=ids)).consume()
            yield

    @asynccontextmanager
    async def wiping(self) -> AsyncIterator[None]:
        """Delete the watermarks of this test in a transaction that ends with the block."""
        async with self.driver.session(database=self.database) as session, await session.begin_transaction() as wipe:
            deleted = "MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix DELETE w"
            await (await wipe.run(deleted, prefix=f"{self.worker}/")).consume()
            yield
            await wipe.commit()

    async def until_blocked(self, transactions: int = 1) -> None:
        """Wait until this many transactions of this test wait for a lock."""
        cypher = (
            "SHOW TRANSACTIONS YIELD currentQuery, parameters, status "
            "WHERE status STARTS WITH 'Blocked' "
            "AND (currentQuery CONTAINS $label OR toString(parameters.id) CONTAINS $worker) "
            "RETURN count(*) AS waiting"
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.query(cypher, label=self.label, worker=self.worker))[0]["waiting"] < transactions:
                await asyncio.sleep(0.02)

    async def clear(self) -> None:
        await self.query(f"MATCH (n:{self.label}) DETACH DELETE n")
        await self.query(
            "MATCH (n:Watermark|ParkedKey) WHERE n.id STARTS WITH $prefix DELETE n", prefix=f"{self.worker}/"
        )
