"""The states of one claimed partition: from the cache, otherwise from the graph, otherwise new."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple

from workers.core.statement import Statement, template
from workers.core.worker import EventT, KeyedState, StateT, StoredState
from workers.engine.resilience.retry import Server
from workers.engine.sinks import Sinks


class StateRow(NamedTuple):
    """The state of one key, for a worker whose own statements do not write it. ``id`` is ``<worker>/<key>``."""

    id: str
    state: bytes


WRITE_STATES = template("WorkerState", StateRow, "MERGE (s:WorkerState {id: row.id}) SET s.state = row.state")

READ_STATES = """
UNWIND $keys AS key
MATCH (s:WorkerState {id: $worker + '/' + key})
RETURN key, [s.state] AS parts
"""


class PartitionStates(Generic[EventT, StateT]):
    """Finds and keeps the states of one claimed partition.

    The graph is the truth: a state goes into it in the transaction of its batch, so it always fits the watermark.
    """

    def __init__(self, worker: str, keyed: KeyedState[EventT, StateT], sinks: Sinks) -> None:
        self._worker = worker
        self._keyed = keyed
        self._known = sinks.known
        self._stored = keyed.stored or StoredState(READ_STATES, lambda parts: keyed.load(parts[0]))
        self._sinks = sinks
        self._table = sinks.states
        self._claim = sinks.states.new_claim()

    @property
    def keyed(self) -> KeyedState[EventT, StateT]:
        """Return how the events of this partition are folded."""
        return self._keyed

    async def of(self, keys: Collection[str]) -> dict[str, StateT]:
        """Return the state of each key. Those that are not cached are read from the graph, all in one query."""
        cached = {key: self._table.get(self._claim, key) for key in keys}
        missing = [key for key, state in cached.items() if state is None]
        # A worker with ``seen`` has a filter of ids: it says nothing about the keys of its states.
        missing = missing if self._keyed.seen else self._possible(missing)
        stored = await self._read(self._stored.cypher, missing)
        return {key: self._state(state, stored.get(key)) for key, state in cached.items()}

    async def seen(self, ids: Collection[str], *, certain: bool) -> Mapping[str, Sequence[Any]]:
        """Return what the graph has of these ids. Without ``certain``, those of another process may be missing."""
        seen = self._keyed.seen
        if seen is None:
            return {}
        return await self._read(seen.cypher, list(ids) if certain else self._possible(list(ids)))

    def _possible(self, keys: list[str]) -> list[str]:
        return keys if self._known is None else list(self._known.possible(self._claim, keys))

    async def _read(self, cypher: str, keys: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        if not keys:
            return {}
        sinks, worker = self._sinks, self._worker
        started = sinks.clock.monotonic()
        found = await sinks.retry.until_done(Server.NEO4J, lambda: sinks.writer.stored(cypher, worker, keys))
        sinks.metrics.states_read(worker, len(found), sinks.clock.monotonic() - started)
        return found

    def _state(self, cached: bytes | None, stored: Sequence[Any] | None) -> StateT:
        if cached is not None:
            return self._keyed.load(cached)
        return self._stored.restore(stored) if stored else self._keyed.new()

    def statements(self, dumped: Mapping[str, bytes]) -> Sequence[Statement]:
        """Return what writes these states, for a worker whose own statements do not."""
        if self._keyed.stored is not None or not dumped:
            return []
        return [WRITE_STATES.on([StateRow(f"{self._worker}/{key}", state) for key, state in dumped.items()])]

    def keep(self, dumped: Mapping[str, bytes], ids: Iterable[str]) -> None:
        """Cache states that the graph has now, and know the ids of its events."""
        self._table.put(self._claim, dumped)
        if self._known is not None:
            self._known.add(ids if self._keyed.seen else dumped)
