"""How far the graph is: the watermark of each partition, moved by the very transactions that write its records."""

from workers.adapters.graph.connection import GraphConnection

WATERMARKS = """
MATCH (w:Watermark) WHERE w.id STARTS WITH $prefix
RETURN toInteger(substring(w.id, size($prefix))) AS partition, w.offset AS offset
"""


class Watermarks:
    """Reads the last offset of each partition that the graph reflects."""

    def __init__(self, graph: GraphConnection, worker: str, topic: str) -> None:
        self._reader = graph
        self._prefix = f"{worker}/{topic}/"

    async def read(self) -> dict[int, int]:
        """Return the offsets by partition; a record at or below its partition's offset is visible to queries now."""
        rows = await self._reader.rows(WATERMARKS, prefix=self._prefix)
        return {row["partition"]: row["offset"] for row in rows}
