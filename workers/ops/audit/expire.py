"""``memory-graph audit expire``: what the worker's job does, by hand: which events may leave the graph."""

import asyncio
from typing import NamedTuple

from workers.adapters.graph.connection import GraphConnection
from workers.adapters.object_store.store import ObjectStore
from workers.core.clock import iso
from workers.core.errors import Misconfigured, ProblemsFound, RequestRejected
from workers.core.job import ObjectStep
from workers.ops.dead_letters.audit import AuditTrail
from workers.ops.dead_letters.journal import Who
from workers.pipelines.audit.archive.expiry import DAY_MS, ExpireEvents
from workers.pipelines.audit.options import AuditOptions

EVENT = "audit.expired"
WAITING = """
MATCH (c:AuditChain {topic: $topic})
MATCH (b:AuditBatch {chain: c.id})
WHERE b.events > 0 AND b.expired_at IS NULL AND b.last < c.length AND b.until <= datetime({epochMillis: $before})
RETURN b.id AS object, c.partition AS partition, c.chain_id AS chain, b.first AS first, b.last AS last,
  b.until.epochMillis AS until
ORDER BY partition, chain, first
"""
AT_ONCE = "MATCH (c:AuditChain {topic: $topic}) SET c.expire_retry_at = null"


class Due(NamedTuple):
    """Events of one object of the archive that may leave the graph; ``until`` is the time of the last one."""

    object: str
    partition: int
    chain: str
    first: int
    last: int
    until: str


async def events_due(graph: GraphConnection, options: AuditOptions, now_ms: int) -> list[Due]:
    """List the objects whose events are all old enough. Raises ``Misconfigured`` without an archive."""
    if options.archive.url is None:
        raise Misconfigured("topology.yaml names no archive, so no event may leave: set workers.audit.archive.url")
    before = now_ms - options.archive.hot_days * DAY_MS
    rows = await graph.rows(WAITING, topic=options.topic, before=before)
    return [Due(**{**row, "until": iso(row["until"])}) for row in rows]


async def expire(graph: GraphConnection, options: AuditOptions, trail: AuditTrail, who: Who, now_ms: int) -> int:
    """Verify each object and remove its events from the graph; return how many. It is an audit event.

    Raises ``ProblemsFound`` at the first object that is not as it was archived: its events stay.
    """
    await trail.leave(EVENT, who, {"hot_days": str(options.archive.hot_days)})
    await graph.rows(AT_ONCE, topic=options.topic)
    job, store, events = ExpireEvents(options.topic, options.archive), ObjectStore(options.archive.store), 0
    due = job.query(now_ms)
    while rows := await graph.rows(due.cypher, **due.parameters):
        for row, step in zip(rows, job.steps(rows, now_ms), strict=True):
            await _expire(graph, store, step)
            events += row["last"] - row["first"] + 1
    return events


async def _expire(graph: GraphConnection, store: ObjectStore, step: ObjectStep) -> None:
    content = await asyncio.to_thread(store.get, step.name)
    if content is None:
        raise ProblemsFound(f"the archive has no object {step.name}: its events stay in the graph")
    try:
        queries = await asyncio.to_thread(step.record, content)
    except RequestRejected as error:
        raise ProblemsFound(str(error)) from error
    for query in queries:
        await graph.rows(query.cypher, **query.parameters)
