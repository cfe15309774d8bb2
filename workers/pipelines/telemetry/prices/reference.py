"""Keeps the registry's price history in memory up to date with the graph.

It is read from the graph and not from a Faust GlobalTable, whose recovery is known to hang. A graph that was wiped or
restored needs no special case. All prices of all models are a few megabytes.

Each round reads the ``GraphVersion``, which is cheap. If it has changed, the round reads the Models that have changed
since; if something is gone (another graph, or purged Prices), it reads all Models.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workers.core.node_key import cypher_version_id
from workers.core.reference import Query
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory, registry_model
from workers.pipelines.telemetry.prices.registry_price import PriceColumns

OVERLAP_MS = 60_000
"""``sync_timestamp`` is the start of a transaction. A transaction can commit up to 30 seconds later."""

# Cheap: only count stores and indexes. A Watermark changes with each write, a purge changes the number of prices.
GRAPH_VERSION = """
WITH COLLECT {
  MATCH (w:Watermark) WHERE w.id STARTS WITH 'registry/' RETURN [w.id, w.lineage, w.epoch, w.offset] ORDER BY w.id
} AS watermarks, head(COLLECT {
  MATCH (m:Model) WHERE m.sync_timestamp IS NOT NULL
  RETURN m.sync_timestamp.epochMillis ORDER BY m.sync_timestamp DESC LIMIT 1
}) AS newest
CALL () { MATCH ()-[r:HAS_PRICE]->() RETURN count(r) AS prices }
RETURN watermarks, prices, newest, toString(datetime()) AS now
"""

PRICE_COLUMNS = ", ".join(f"p.{column}" for column in PriceColumns._fields)
VERSION_ID = cypher_version_id("m.model_id", "p.version")
MODEL = f"""
CALL (m) {{
  MATCH (m)-[:HAS_PRICE]->(p:Price)
  WITH p ORDER BY p.effective_from DESC
  RETURN collect([p.price_id, p.effective_from.epochMillis, p.effective_to.epochMillis,
    CASE WHEN EXISTS {{ (:ModelVersion {{version_id: {VERSION_ID}}}) }} THEN p.version END,
    p.context_window, {PRICE_COLUMNS}]) AS prices
}}
WITH collect([m.model_id, m.provider, m.aliases, prices, m.alias_history]) AS models
CALL () {{ MATCH ()-[r:HAS_PRICE]->() RETURN count(r) AS prices }}
RETURN models, prices
"""
CHANGED = f"MATCH (m:Model) WHERE m.sync_timestamp >= datetime({{epochMillis: $since}}){MODEL}"
ALL = f"MATCH (m:Model) WHERE EXISTS {{ (m)-[:HAS_PRICE]->() }}{MODEL}"


class GraphVersion(NamedTuple):
    """The progress of the graph. ``watermarks``: id, lineage, epoch, offset; ``newest`` in epoch milliseconds."""

    watermarks: tuple[tuple[str, str, int, int], ...]
    prices: int
    newest: int | None

    def follows(self, earlier: "GraphVersion") -> bool:
        """Tell whether this is a later version of the same graph."""
        now = {name: (lineage, epoch, offset) for name, lineage, epoch, offset in self.watermarks}
        for name, lineage, epoch, offset in earlier.watermarks:
            if name not in now or now[name][:2] != (lineage, epoch) or now[name][2] < offset:
                return False
        return earlier.newest is None or (self.newest is not None and self.newest >= earlier.newest)


class RegistryReference:
    """Updates ``history`` from the graph, query by query."""

    def __init__(self, history: RegistryHistory) -> None:
        self._history = history
        self._known: GraphVersion | None = None
        self._seen: GraphVersion | None = None
        self._since: int | None = None
        self.read_at = ""
        """The graph's time at which it began to read what ``history`` now has."""

    def query(self) -> Query:
        """Return the query for the graph version; if that has changed, the one for changed Models."""
        if self._seen is None:
            return Query(GRAPH_VERSION, {})
        return Query(ALL, {}) if self._since is None else Query(CHANGED, {"since": self._since})

    def learn(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Take in the one row of the query."""
        (row,) = rows
        if self._seen is None:
            self.read_at = row["now"]
            return self._compare(
                GraphVersion(tuple(tuple(each) for each in row["watermarks"]), row["prices"], row["newest"])
            )
        return self._update(row)

    def _compare(self, seen: GraphVersion) -> bool:
        if seen == self._known:
            return False
        known, self._seen = self._known, seen
        followed = known is not None and known.newest is not None and seen.follows(known)
        self._since = known.newest - OVERLAP_MS if followed and known and known.newest is not None else None
        return True

    def _update(self, row: Mapping[str, Any]) -> bool:
        models = [registry_model(*model) for model in row["models"]]
        if self._since is None:
            self._history.replace(models)
        else:
            self._history.update(models)
            if self._history.prices != row["prices"]:
                self._since = None
                return True
        self._known, self._seen = self._seen, None
        return False
