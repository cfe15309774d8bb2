"""How far the audit worker has written a partition of its topic."""

from workers.adapters.graph.connection import GraphConnection
from workers.ops.audit.finding import Chain

WORKER = "audit"
NOTHING_WRITTEN = -1
WATERMARK = "MATCH (w:Watermark {id: $id}) RETURN w.offset AS offset, coalesce(w.epoch, 0) AS epoch"


async def written_to(graph: GraphConnection, chain: Chain) -> tuple[int, int]:
    """Return the last offset that the worker has written, and how often the topic was created again."""
    rows = await graph.rows(WATERMARK, id=f"{WORKER}/{chain.topic}/{chain.partition}")
    return (rows[0]["offset"], rows[0]["epoch"]) if rows else (NOTHING_WRITTEN, 0)
