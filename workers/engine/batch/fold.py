"""Fold a batch's events over the states in the table, in memory: nothing is stored here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from workers.core.errors import Rejected
from workers.core.ports import NOTHING_WRITTEN, Claim
from workers.core.record import Record
from workers.core.worker import EventT, StateT, WorkerSpec
from workers.engine.batch.decode import RejectedRecord
from workers.engine.state.entry import Entry
from workers.engine.state.table import StateTable


@dataclass(slots=True)
class Overlay(Generic[StateT]):
    """A state being changed, and how far it has come."""

    state: StateT
    offset: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Folded(Generic[StateT]):
    """What a batch came to: touched states (kept ones by key), and what enrichment turned away."""

    overlays: Mapping[str, Overlay[StateT]]
    stateless: Sequence[StateT]
    rejected: Sequence[RejectedRecord]

    def states(self) -> list[StateT]:
        """Every touched state, for the plan."""
        return [overlay.state for overlay in self.overlays.values()] + list(self.stateless)


class Folder(Generic[EventT, StateT]):
    """Folds for one claimed partition."""

    def __init__(self, spec: WorkerSpec[EventT, StateT], table: StateTable, claim: Claim) -> None:
        self._spec = spec
        self._table = table
        self._claim = claim
        self._lineage = bytes.fromhex(claim.lineage)

    def fold(self, events: Sequence[tuple[Record, EventT]]) -> Folded[StateT]:
        """Fold each event that its state has not seen, in order; the table stays as it is."""
        overlays: dict[str, Overlay[StateT]] = {}
        stateless: list[StateT] = []
        rejected: list[RejectedRecord] = []
        fold, state_key = self._spec.fold, self._spec.state_key
        for record, event in events:
            key = state_key(event)
            overlay = overlays.get(key) if key is not None else None
            if overlay is None:
                overlay = self._load(key)
                if key is not None:
                    overlays[key] = overlay
                else:
                    stateless.append(overlay.state)
            if record.offset <= overlay.offset:
                continue
            try:
                fold(overlay.state, event)
            except Rejected as reason:
                rejected.append(RejectedRecord(record, reason))
                continue
            overlay.offset = record.offset
            overlay.timestamp = max(overlay.timestamp, record.timestamp)
        return Folded(overlays, stateless, rejected)

    def entries(self, folded: Folded[StateT]) -> dict[str, Entry]:
        """The table entries that the fold came to."""
        partition, epoch, dump = self._claim.topic_partition.partition, self._claim.epoch, self._spec.dump_state
        return {
            key: Entry(self._lineage, epoch, partition, overlay.offset, overlay.timestamp, dump(overlay.state))
            for key, overlay in folded.overlays.items()
        }

    def _load(self, key: str | None) -> Overlay[StateT]:
        entry = self._table.get(key) if key is not None else None
        if entry is None or entry.lineage != self._lineage:
            # Another lineage: the graph that this state was written to is gone, so the state is void with it.
            return Overlay(self._spec.new_state(), NOTHING_WRITTEN, 0)
        seen = entry.offset if entry.epoch == self._claim.epoch else NOTHING_WRITTEN
        return Overlay(self._spec.load_state(entry.state), seen, entry.timestamp)
