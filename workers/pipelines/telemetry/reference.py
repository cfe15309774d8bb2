"""How the registry's history comes into memory, and stays in line with the graph.

Read from the graph, not from a global table: a GlobalTable's recovery is known to hang, while the graph is the truth
and needed anyway, and a graph that was wiped or restored is followed like any other. All prices of all models are a
few megabytes.

Each round asks for the ``Standing``, some values at hand; only where it is another than before, for the Models that
have changed since; and for all of them where something is gone: the graph is another one, or Prices were removed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workers.core.reference import Query
from workers.pipelines.telemetry.history import History
from workers.pipelines.telemetry.history_rows import known_model

OVERLAP_MS = 60_000
"""``sync_timestamp`` is when a write began: one that began earlier may be seen later, by its 30 seconds at most."""

# Count stores and indexes answer; a Watermark changes with each write, a purge changes the number of prices.
STANDING = """
WITH COLLECT {
  MATCH (w:Watermark) WHERE w.id STARTS WITH 'registry/' RETURN [w.id, w.lineage, w.epoch, w.offset] ORDER BY w.id
} AS watermarks, head(COLLECT {
  MATCH (m:Model) WHERE m.sync_timestamp IS NOT NULL
  RETURN m.sync_timestamp.epochMillis ORDER BY m.sync_timestamp DESC LIMIT 1
}) AS newest
CALL () { MATCH ()-[r:HAS_PRICE]->() RETURN count(r) AS prices }
RETURN watermarks, prices, newest
"""

MODEL = """
CALL (m) {
  MATCH (m)-[:HAS_PRICE]->(p:Price)
  WITH p ORDER BY p.effective_from DESC
  RETURN collect([p.price_id, p.effective_from.epochMillis, p.effective_to.epochMillis,
    CASE WHEN EXISTS { (:ModelVersion {version_id: m.model_id + '@' + p.version}) } THEN p.version END,
    p.context_window, p.input, p.output, p.cached_input, p.reasoning]) AS prices
}
WITH collect([m.model_id, m.provider, m.aliases, prices]) AS models
CALL () { MATCH ()-[r:HAS_PRICE]->() RETURN count(r) AS prices }
RETURN models, prices
"""
CHANGED = f"MATCH (m:Model) WHERE m.sync_timestamp >= datetime({{epochMillis: $since}}){MODEL}"
ALL = f"MATCH (m:Model) WHERE EXISTS {{ (m)-[:HAS_PRICE]->() }}{MODEL}"


class Standing(NamedTuple):
    """How far the graph has come. ``watermarks``: id, lineage, epoch, offset; ``newest`` in epoch milliseconds."""

    watermarks: tuple[tuple[str, str, int, int], ...]
    prices: int
    newest: int | None

    def follows(self, earlier: "Standing") -> bool:
        """Tell whether it is the same graph, further on."""
        now = {name: (lineage, epoch, offset) for name, lineage, epoch, offset in self.watermarks}
        for name, lineage, epoch, offset in earlier.watermarks:
            if name not in now or now[name][:2] != (lineage, epoch) or now[name][2] < offset:
                return False
        return earlier.newest is None or (self.newest is not None and self.newest >= earlier.newest)


class RegistryReference:
    """Keeps ``history`` in line with the graph, a question at a time."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._known: Standing | None = None
        self._seen: Standing | None = None
        self._since: int | None = None

    def question(self) -> Query:
        """Ask for the standing; where that has changed, for what else has."""
        if self._seen is None:
            return Query(STANDING, {})
        return Query(ALL, {}) if self._since is None else Query(CHANGED, {"since": self._since})

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Take in the one row that each question gives."""
        (row,) = rows
        if self._seen is None:
            return self._compare(
                Standing(tuple(tuple(each) for each in row["watermarks"]), row["prices"], row["newest"])
            )
        return self._learn(row)

    def _compare(self, seen: Standing) -> bool:
        if seen == self._known:
            return False
        known, self._seen = self._known, seen
        followed = known is not None and known.newest is not None and seen.follows(known)
        self._since = known.newest - OVERLAP_MS if followed and known and known.newest is not None else None
        return True

    def _learn(self, row: Mapping[str, Any]) -> bool:
        models = [known_model(*model) for model in row["models"]]
        if self._since is None:
            self._history.replace(models)
        else:
            self._history.update(models)
            if self._history.prices != row["prices"]:
                self._since = None
                return True
        self._known, self._seen = self._seen, None
        return False
