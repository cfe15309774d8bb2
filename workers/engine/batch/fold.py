"""Fold a batch's events over the states of the table, in memory: nothing is stored here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from workers.core.errors import Misconfigured, Rejected
from workers.core.ports import NOTHING_WRITTEN, Claim
from workers.core.record import Record
from workers.core.worker import EventT, KeyedState, StateT, WorkerSpec
from workers.engine.batch.decode import RejectedRecord
from workers.engine.state.entry import Entry
from workers.engine.state.table import StateTable


class StateOfAnotherGraph(Misconfigured):
    """The table holds state that was folded for another graph, and the worker must not begin with a new one."""


@dataclass(slots=True)
class FoldedState(Generic[StateT]):
    """A state during a batch: the last offset and the newest record timestamp that are folded in."""

    state: StateT
    offset: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class FoldedBatch(Generic[StateT]):
    """The states that a batch touched (by key those that the table keeps), and what the fold rejected."""

    kept: Mapping[str, FoldedState[StateT]] = field(default_factory=dict)
    not_kept: Sequence[StateT] = ()
    rejected: Sequence[RejectedRecord] = ()

    def touched(self) -> list[StateT]:
        """Return every touched state, for the plan."""
        return [folded.state for folded in self.kept.values()] + list(self.not_kept)


class Folder(Generic[EventT, StateT]):
    """Folds the batches of one claimed partition."""

    def __init__(self, spec: WorkerSpec[EventT, StateT], table: StateTable, claim: Claim) -> None:
        self._state = spec.state
        self._table = table
        self._claim = claim
        self._lineage = bytes.fromhex(claim.lineage)

    def fold(self, events: Sequence[tuple[Record, EventT]]) -> FoldedBatch[Any]:
        """Fold each event that its state has not seen, in offset order; the table stays as it is.

        A worker without state has its events planned as they are. Raises ``StateOfAnotherGraph``.
        """
        if self._state is None:
            return FoldedBatch(not_kept=[event for _, event in events])
        return self._fold(self._state, events)

    def _fold(self, keyed: KeyedState[EventT, StateT], events: Sequence[tuple[Record, EventT]]) -> FoldedBatch[StateT]:
        kept: dict[str, FoldedState[StateT]] = {}
        not_kept: list[StateT] = []
        rejected: list[RejectedRecord] = []
        fold, key_of = keyed.fold, keyed.key
        for record, event in events:
            key = key_of(event)
            folded = kept.get(key) if key is not None else None
            if folded is None:
                folded = self._load(keyed, key)
                if key is not None:
                    kept[key] = folded
                else:
                    not_kept.append(folded.state)
            if record.offset <= folded.offset:
                continue
            try:
                fold(folded.state, event, record.offset)
            except Rejected as reason:
                rejected.append(RejectedRecord(record, reason))
                continue
            folded.offset = record.offset
            folded.timestamp = max(folded.timestamp, record.timestamp)
        return FoldedBatch(kept, not_kept, rejected)

    def entries(self, batch: FoldedBatch[StateT]) -> dict[str, Entry]:
        """Return the table entries of a folded batch."""
        if self._state is None:
            return {}
        partition, epoch, dump = self._claim.topic_partition.partition, self._claim.epoch, self._state.dump
        return {
            key: Entry(self._lineage, epoch, partition, folded.offset, folded.timestamp, dump(folded.state))
            for key, folded in batch.kept.items()
        }

    def _load(self, keyed: KeyedState[EventT, StateT], key: str | None) -> FoldedState[StateT]:
        entry = self._table.get(key) if key is not None else None
        if entry is not None and entry.lineage != self._lineage and keyed.on_new_graph == "fail":
            raise StateOfAnotherGraph(f"the state of {key} was folded for another graph: {keyed.new_graph_fix}")
        if entry is None or entry.lineage != self._lineage:
            # The graph that this state was written to is gone, so the state is void.
            return FoldedState(keyed.new(), NOTHING_WRITTEN, 0)
        seen = entry.offset if entry.epoch == self._claim.epoch else NOTHING_WRITTEN
        return FoldedState(keyed.load(entry.state), seen, entry.timestamp)
