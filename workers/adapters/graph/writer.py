"""The one place that writes to the graph: a batch and its watermark in one transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import neo4j

from workers.adapters.graph.errors import classified
from workers.adapters.graph.session import session
from workers.adapters.graph.watermark import CLAIM, READ_OWNER, guarded, watermark_id
from workers.core.errors import Fenced, Refused, Retryable
from workers.core.ports import NOTHING_WRITTEN, Claim, GraphWriter
from workers.core.record import TopicPartition
from workers.core.statement import Statement

TRANSACTION_SECONDS = 30.0
"""After this long the server ends a transaction (and frees its locks), and we stop waiting for an answer."""


class Unshown(list[Any]):
    """Rows that never show their contents.

    The driver puts every parameter into a line for its debug log, even while nobody listens: 4 µs an event, and
    what events hold is nobody's business in a log.
    """

    def __repr__(self) -> str:
        return f"<rows of {len(self)} statements>"


class Neo4jWriter(GraphWriter):
    """Writes batches with exactly-once effect, guarded by the watermark of their partition.

    Each write is one query, hence one transaction of the server's own making and one round trip; the driver
    retries none of them: the runtime does, and knows when to stop. Any number of partitions may write at once.
    """

    def __init__(
        self, driver: neo4j.AsyncDriver, database: str, *, transaction_seconds: float = TRANSACTION_SECONDS
    ) -> None:
        self._driver = driver
        self._database = database
        self._transaction_seconds = transaction_seconds

    async def claim(self, worker: str, topic_partition: TopicPartition, topic_id: str) -> Claim:
        """Take ownership of the partition's watermark with a fresh token, and make the watermark where there is none.

        Another ``topic_id`` than last time means that the topic was recreated: its offsets start again at 0, in the
        next epoch. The former owner of the partition is fenced from now on. Raises ``Retryable``.
        """
        token = uuid4().hex
        row = await self._run(
            CLAIM,
            {
                "id": watermark_id(worker, topic_partition),
                "topic_id": topic_id,
                "token": token,
                "lineage": uuid4().hex,
                "nothing": NOTHING_WRITTEN,
            },
        )
        if row is None:
            raise Retryable(f"the claim of {topic_partition} for {worker} went unanswered")
        return Claim(
            worker, topic_partition, token, row["offset"], row["lineage"], row["epoch"], frozenset(row["refused"])
        )

    async def write(
        self, claim: Claim, through: int, statements: Sequence[Statement], refused: Sequence[int] = ()
    ) -> None:
        """Run ``statements`` and advance the watermark to ``through``, both or neither.

        The watermark remembers the offsets ``refused`` that it moves past, the latest thousand of them.
        Returns without writing where the watermark is there already: an earlier attempt's COMMIT got through.
        Cancelled, it may leave a COMMIT under way; the next claim waits for it, and tells.
        Raises ``Fenced`` (another owner, or the watermark is gone), ``Refused`` (nothing of the batch is in
        the graph), ``Retryable``; anything else is a bug.
        """
        parameters: dict[str, Any] = {
            "id": watermark_id(claim.worker, claim.topic_partition),
            "token": claim.token,
            "through": through,
            "refused": list(refused),
        }
        rows = {"rows": Unshown(statement.rows for statement in statements)}
        query = guarded(tuple(statement.cypher for statement in statements))
        if await self._run(query, parameters | rows) is None:
            await self._explain_silence(claim, parameters)

    async def _explain_silence(self, claim: Claim, parameters: Mapping[str, Any]) -> None:
        """Find out why the watermark let nothing past: written before (fine), or no longer ours (``Fenced``)."""
        row = await self._run(READ_OWNER, parameters)
        if row is None or not row["owned"]:
            reason = "its watermark is gone" if row is None else "another owner has claimed it"
            raise Fenced(f"{claim.worker} no longer owns {claim.topic_partition}: {reason}")
        if row["offset"] < parameters["through"]:
            raise Retryable(f"the watermark of {claim.topic_partition} changed while it was read")

    async def _run(self, cypher: str, parameters: Mapping[str, Any]) -> neo4j.Record | None:
        """Run one query as one transaction; None where it gives no row. Cancelled, its connection is not pooled."""
        seconds = self._transaction_seconds
        query = neo4j.Query(cypher, timeout=seconds)
        with classified():
            async with asyncio.timeout(seconds), session(self._driver, database=self._database) as opened:
                try:
                    result = await opened.run(query, dict(parameters))
                except (TypeError, ValueError, OverflowError) as error:
                    # Raised before anything is sent: a value that Bolt has no form for, such as a 65-bit integer.
                    raise Refused("neo4j.type", f"a row holds a value that Neo4j has no type for ({error})") from error
                return await result.single()
