"""Fold a batch's events over the states of their keys, in memory: nothing is stored here."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic

from workers.core.errors import Rejected
from workers.core.record import Record
from workers.core.statement import Statement
from workers.core.worker import EventT, KeyedState, StateT, WorkerSpec
from workers.engine.batch.decode import RejectedRecord
from workers.engine.batch.key_order import KeyOrder
from workers.engine.state.states import PartitionStates


@dataclass(frozen=True, slots=True)
class FoldedBatch(Generic[StateT]):
    """The states that a batch touched, and what the fold rejected.

    ``kept`` has states by key, ``dumped`` the same as bytes; ``not_kept`` has those of events without a key; ``ids``
    has the ids of the events, for a worker that recognises events by them.
    """

    kept: Mapping[str, StateT] = field(default_factory=dict)
    dumped: Mapping[str, bytes] = field(default_factory=dict)
    not_kept: Sequence[StateT] = ()
    rejected: Sequence[RejectedRecord] = ()
    ids: Collection[str] = ()

    def touched(self) -> list[StateT]:
        """Return every touched state, for the plan."""
        return [*self.kept.values(), *self.not_kept]


class Folder(Generic[EventT, StateT]):
    """Folds the batches of one claimed partition. ``states`` is ``None`` for a worker without state."""

    def __init__(self, spec: WorkerSpec[EventT, StateT], states: PartitionStates[EventT, StateT] | None) -> None:
        self._spec = spec
        self._states = states

    async def fold(
        self, events: Sequence[tuple[Record, EventT]], order: KeyOrder | None = None, *, certain: bool = False
    ) -> FoldedBatch[Any]:
        """Fold the events in offset order over the states that the graph has; with ``order`` those whose turn it is.

        A worker without state has its events planned as they are. ``certain`` asks the graph for every event's id.
        """
        if self._states is None:
            return _in_turn(events, order) if order else FoldedBatch(not_kept=[event for _, event in events])
        state = self._states.keyed
        keyed = [(state.key(event), record, event) for record, event in events]
        kept = await self._states.of(dict.fromkeys(key for key, _, _ in keyed if key is not None))
        ids = await self._recognise(kept, [event for _, event in events], certain=certain)
        fold = order.in_turn(state.fold) if order else state.fold
        return replace(_fold(state, fold, keyed, kept), ids=ids)

    async def _recognise(
        self, kept: Mapping[str, StateT], events: Sequence[EventT], *, certain: bool
    ) -> Collection[str]:
        """Show the states which events the graph has; return the ids of all events."""
        if self._states is None or (seen := self._states.keyed.seen) is None:
            return ()
        ids = dict.fromkeys(map(seen.id, events))
        found = await self._states.seen(ids, certain=certain)
        for state in kept.values():
            seen.learn(state, found)
        return ids

    def plan(self, folded: FoldedBatch[StateT]) -> Sequence[Statement]:
        """Return the worker's statements, and those that store its states."""
        statements = self._spec.plan(folded.touched())
        return statements if self._states is None else [*statements, *self._states.statements(folded.dumped)]

    def keep(self, folded: FoldedBatch[StateT]) -> None:
        """Cache the states of a batch that the graph has now."""
        if self._states is not None:
            self._states.keep(folded.dumped, folded.ids)


def _in_turn(events: Sequence[tuple[Record, EventT]], order: KeyOrder) -> FoldedBatch[EventT]:
    accepted: list[EventT] = []
    rejected: list[RejectedRecord] = []
    take = order.in_turn(lambda *_: None)
    for record, event in events:
        try:
            take(None, event, record.offset)
        except Rejected as reason:
            rejected.append(RejectedRecord(record, reason))
        else:
            accepted.append(event)
    return FoldedBatch(not_kept=accepted, rejected=rejected)


def _fold(
    keyed: KeyedState[EventT, StateT],
    fold: Callable[[StateT, EventT, int], None],
    events: Sequence[tuple[str | None, Record, EventT]],
    kept: Mapping[str, StateT],
) -> FoldedBatch[StateT]:
    not_kept: list[StateT] = []
    rejected: list[RejectedRecord] = []
    for key, record, event in events:
        state = keyed.new() if key is None else kept[key]
        try:
            fold(state, event, record.offset)
        except Rejected as reason:
            rejected.append(RejectedRecord(record, reason))
        else:
            if key is None:
                not_kept.append(state)
    if rejected:  # a state whose every event was rejected is as it was, or new and empty
        offsets = {each.record.offset for each in rejected}
        changed = {key for key, record, _ in events if record.offset not in offsets}
        kept = {key: state for key, state in kept.items() if key in changed}
    return FoldedBatch(kept, {key: keyed.dump(state) for key, state in kept.items()}, not_kept, rejected)
