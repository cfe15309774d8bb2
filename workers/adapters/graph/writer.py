"""The one place that writes to the graph: batches and their watermarks in one transaction."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any
from uuid import uuid4

import neo4j

from workers.adapters.graph.errors import classified
from workers.adapters.graph.group_commit import Batch, GroupCommit
from workers.adapters.graph.session import session
from workers.adapters.graph.watermark import CHECK, CLAIM, READ_ALL, READ_OWNER, guarded, planned_once, watermark_id
from workers.config.takes_effect import Now
from workers.core.errors import Fenced, Refused, Retryable
from workers.core.ports import NOTHING_WRITTEN, Claim, GraphWriter, Watermark
from workers.core.record import TopicPartition
from workers.core.statement import Statement
from workers.observe.tracing import NO_TRACING, Tracing

TRANSACTION_SECONDS = 30.0
"""After this long the server ends a transaction, frees its locks, and says so."""
ANSWER_SECONDS = 10.0
"""How much longer we wait, because the server looks at the limits every two seconds.

Without this wait, a transaction that is too slow would look like an outage, and be repeated for ever."""


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
    retries none of them: the runtime does, and knows when to stop. Any number of partitions may write at once; their
    small batches share transactions, of at most ``max_records``. ``token`` makes the token of a claim, another one each
    time.
    """

    def __init__(  # noqa: PLR0913 - each has a default but two
        self,
        driver: neo4j.AsyncDriver,
        database: str,
        *,
        transaction_seconds: float = TRANSACTION_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        tracing: Tracing = NO_TRACING,
        token: Callable[[], str] = lambda: uuid4().hex,
        max_records: Now[int] = lambda: 1_000,
    ) -> None:
        self._driver = driver
        self._database = database
        self._transaction_seconds = transaction_seconds
        self._wait_seconds = transaction_seconds + answer_seconds
        self._tracing = tracing
        self._token = token
        self._group = GroupCommit(self._transaction, max_records)

    async def claim(self, worker: str, topic_partition: TopicPartition, topic_id: str) -> Claim:
        """Take ownership of the partition's watermark with a fresh token, and make the watermark where there is none.

        Another ``topic_id`` than last time means that the topic was recreated: its offsets start again at 0, in the
        next epoch. The former owner of the partition is fenced from now on. Raises ``Retryable``.
        """
        token, id_ = self._token(), watermark_id(worker, topic_partition)
        parameters = {"id": id_, "topic_id": topic_id, "token": token, "nothing": NOTHING_WRITTEN}
        rows = await self._run("claim", CLAIM, parameters)
        if not rows:
            raise Retryable(f"the watermark of {topic_partition} for {worker} was deleted while it was claimed")
        return Claim(worker, topic_partition, token, rows[0]["offset"], rows[0]["epoch"])

    async def write(self, claim: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        """Run ``statements`` and advance the watermark from the claim's offset to ``through``, both or neither.

        Returns without writing where the watermark is there already: an earlier attempt's COMMIT got through.
        Cancelled, it may leave a COMMIT under way; the next claim waits for it.
        Raises ``Fenced`` (another owner, or another graph), ``Refused`` (nothing of the batch is in the graph),
        ``Retryable``; anything else is a bug.
        """
        with self._tracing.transaction(self._database, "write"):
            written = await self._group.write(Batch(claim, through, statements))
        if not written:
            await self._explain_silence(claim, through)
        return replace(claim, offset=through)

    async def _transaction(self, batches: Sequence[Batch]) -> bool:
        """Write batches with the same statements, all or none; return whether all watermarks let them past."""
        claims = [{**_claimed(each.claim), "after": each.claim.offset, "through": each.through} for each in batches]
        claims.sort(key=itemgetter("id"))
        parameters = {"claims": Unshown([claims]), "rows": Unshown(joined_rows(batches))}
        return bool(await self._ask(guarded(batches[0].cyphers), parameters))

    async def watermarks(self, worker: str, topic: str) -> Mapping[int, Watermark]:
        """Return the watermarks of a topic, by partition. Raises ``Retryable``."""
        rows = await self._run("read watermarks", READ_ALL, {"prefix": f"{worker}/{topic}/"})
        return {row["partition"]: Watermark(row["token"], row["offset"]) for row in rows}

    async def check(self, claim: Claim) -> None:
        """Write nothing but the time to the watermark. Raises ``Retryable``, and ``Fenced`` as ``write`` does."""
        offset = _owned(claim, await self._run("check", CHECK, _claimed(claim)))
        if offset != claim.offset:
            raise _restored(claim, offset)

    async def stored(self, cypher: str, worker: str, keys: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """Return the parts of the states of those keys that the graph knows. Raises ``Retryable``.

        It asks where batches are written, not a follower of a cluster, which may be behind the claim.
        """
        rows = await self._run("read states", planned_once(cypher), {"worker": worker, "keys": Unshown([keys])})
        return {row["key"]: row["parts"] for row in rows}

    async def next_keys(self, cypher: str, after: str) -> Sequence[str]:
        """Return the next keys of states after one, in their order; none at the end. Raises ``Retryable``."""
        rows = await self._run("read keys", cypher, {"after": after})
        keys: Sequence[str] = rows[0]["keys"]
        return keys

    async def _explain_silence(self, claim: Claim, through: int) -> None:
        """Find out why the watermark let nothing past: written before (fine), or no longer ours (``Fenced``)."""
        offset = _owned(claim, await self._run("read owner", READ_OWNER, _claimed(claim)))
        if offset == claim.offset:
            raise Retryable(f"the watermark of {claim.topic_partition} changed while it was read")
        if offset != through:
            raise _restored(claim, offset)

    async def _run(self, operation: str, cypher: str, parameters: Mapping[str, Any]) -> list[neo4j.Record]:
        with self._tracing.transaction(self._database, operation):
            return await self._ask(cypher, parameters)

    async def _ask(self, cypher: str, parameters: Mapping[str, Any]) -> list[neo4j.Record]:
        """Run one query as one transaction and return its rows. Cancelled, its connection is not pooled."""
        query = neo4j.Query(cypher, timeout=self._transaction_seconds)
        with classified():
            async with (
                asyncio.timeout(self._wait_seconds),
                session(self._driver, database=self._database) as opened,
            ):
                try:
                    result = await opened.run(query, dict(parameters))
                except (TypeError, ValueError, OverflowError) as error:
                    # Raised before anything is sent: a value that Bolt has no form for, such as a 65-bit integer.
                    raise Refused("neo4j.type", f"a row holds a value that Neo4j has no type for ({error})") from error
                return [record async for record in result]


def joined_rows(batches: Sequence[Batch]) -> Iterator[Sequence[Any]]:
    """Yield the rows of each statement, of all batches."""
    for same in zip(*(each.statements for each in batches), strict=True):
        rows = same[0].rows if len(same) == 1 else [row for statement in same for row in statement.rows]
        yield sorted(rows) if same[0].shared and len(same) > 1 else rows


def _claimed(claim: Claim) -> dict[str, Any]:
    return {"id": watermark_id(claim.worker, claim.topic_partition), "token": claim.token}


def _owned(claim: Claim, rows: Sequence[neo4j.Record]) -> int:
    """Return the watermark's offset. Raises ``Fenced`` where it is not ours."""
    if not rows:
        raise Fenced(f"{claim.worker} no longer owns {claim.topic_partition}: its watermark is gone")
    if not rows[0]["owned"]:
        raise Fenced(f"{claim.worker} no longer owns {claim.topic_partition}: another owner has claimed it")
    offset: int = rows[0]["offset"]
    return offset


def _restored(claim: Claim, offset: int) -> Fenced:
    where = f"the watermark of {claim.topic_partition} is at {offset} and not at {claim.offset}"
    return Fenced(f"{where}: the graph was restored")
