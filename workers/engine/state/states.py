"""The states of one claimed partition: from the cache, otherwise from the graph, otherwise new."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Generic, NamedTuple

from workers.core.statement import Statement
from workers.core.template import template
from workers.core.worker import KeyedState, StateT, StoredState
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


class PartitionStates(Generic[StateT]):
    """Finds and keeps the states of one claimed partition.

    The graph is the truth: a state goes into it in the transaction of its batch, so it always fits the watermark.
    """

    def __init__(self, worker: str, keyed: KeyedState[Any, StateT], sinks: Sinks) -> None:
        self._worker = worker
        self._keyed = keyed
        self._stored = keyed.stored or StoredState(READ_STATES, lambda parts: keyed.load(parts[0]))
        self._sinks = sinks
        self._table = sinks.states
        self._claim = sinks.states.new_claim()

    async def of(self, keys: Collection[str]) -> dict[str, StateT]:
        """Return the state of each key. Those that are not cached are read from the graph, all in one query."""
        cached = {key: self._table.get(self._claim, key) for key in keys}
        stored = await self._read(self._possible([key for key, state in cached.items() if state is None]))
        return {key: self._state(state, stored.get(key)) for key, state in cached.items()}

    def _possible(self, keys: Sequence[str]) -> Sequence[str]:
        known = self._sinks.known
        return keys if known is None else known.possible(self._claim, keys)

    async def _read(self, keys: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        if not keys:
            return {}
        sinks, cypher, worker = self._sinks, self._stored.cypher, self._worker
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

    def keep(self, dumped: Mapping[str, bytes]) -> None:
        """Cache states that the graph has now."""
        self._table.put(self._claim, dumped)
        if self._sinks.known is not None:
            self._sinks.known.add(dumped)
