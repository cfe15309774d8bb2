"""Compare the chain that the topic gives with the one that the graph has, and with its checkpoints."""

from collections.abc import Sequence

from workers.ops.audit.finding import Finding, Kind
from workers.ops.audit.graph.events import GraphPlaces, Placed
from workers.ops.audit.topic.recompute import Computed, Identity
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint


class Comparison:
    """Takes the topic's events window by window, and compares each hash: a node that is gone breaks no other one's.

    Events up to the sequence ``expired`` have left the graph: they are compared with checkpoints alone.
    """

    def __init__(self, places: GraphPlaces, checkpoints: Sequence[Checkpoint], expired: int = 0) -> None:
        self.agreed: list[Checkpoint] = []
        self.finding: Finding | None = None
        self._places = places
        self._expired = expired
        self._checkpoints = {each.sequence: each for each in checkpoints}

    async def add(self, window: Sequence[Computed]) -> None:
        """Compare the next events; ``finding`` is the first difference."""
        if here := [each for each in window if each.sequence > self._expired]:
            first, last = here[0].sequence, here[-1].sequence
            if await self._places.hashes(first, last) != [each.hash for each in here]:
                await self._part(here, await self._places.between(first, last))
        self._compare_checkpoints(window)

    async def end(self, head: int) -> None:
        """Say whether the graph goes on after the topic's last event that the worker has read."""
        if self.finding is None and (extra := await self._places.between(head + 1, head + 1)):
            message = f"{extra[0].audit_id} was inserted at {head + 1:,}: the topic has no such record"
            self.finding = Finding(Kind.INSERTED, message, head + 1, extra[0].audit_id)

    def _compare_checkpoints(self, window: Sequence[Computed]) -> None:
        if not self._checkpoints:
            return
        for each in window:
            checkpoint = self._checkpoints.get(each.sequence)
            if checkpoint is None or (self.finding and (self.finding.sequence or 0) <= each.sequence):
                continue
            if checkpoint.hash == each.hash:
                self.agreed.append(checkpoint)
                continue
            since = self.agreed[-1].sequence + 1 if self.agreed else 1
            self.finding = Finding(
                Kind.CHANGED,
                f"records of {since:,} to {each.sequence:,} in the topic are not those of the checkpoint of "
                f"{checkpoint.created_at}: they were changed, removed or inserted there",
                each.sequence,
                each.audit_id,
            )

    async def _part(self, window: Sequence[Computed], placed: Sequence[Placed]) -> None:
        """Find the first event of a window that the graph does not have at its place, or what it has beside them."""
        there: dict[int, list[Placed]] = {}
        for each in placed:
            there.setdefault(each.sequence, []).append(each)
        for event in window:
            here = there.get(event.sequence, [])
            if event.hash not in {each.hash for each in here}:
                self.finding = await self._explain(event, here, {(each.audit_id, each.event_type) for each in window})
                return
        left = {(event.sequence, event.audit_id, event.hash) for event in window}
        for each in placed:
            if (each.sequence, each.audit_id, each.hash) not in left:
                message = f"{each.audit_id} was inserted at {each.sequence:,}, beside the topic's record"
                self.finding = Finding(Kind.INSERTED, message, each.sequence, each.audit_id)
                return
            left.remove((each.sequence, each.audit_id, each.hash))

    async def _explain(self, event: Computed, placed: Sequence[Placed], window: set[Identity]) -> Finding:
        where = f"{event.sequence:,} ({event.audit_id}, offset {event.offset:,})"
        other = next(
            (each for each in placed if (each.audit_id, each.event_type) != (event.audit_id, event.event_type)), None
        )
        if placed and other is None:
            return Finding(Kind.CHANGED, f"{where} was changed in the graph", event.sequence, event.audit_id)
        if other is not None and other.identity not in window:
            message = f"{other.audit_id} was inserted at {event.sequence:,}: the topic does not have it there"
            return Finding(Kind.INSERTED, message, event.sequence, other.audit_id)
        if elsewhere := await self._places.with_hash(event.hash):
            message = f"{where} stands at {elsewhere[0].sequence:,} in the graph"
            return Finding(Kind.REORDERED, message, event.sequence, event.audit_id)
        if await self._places.last() < event.sequence:
            message = f"{where} and all after it are in the topic and were processed, and are not in the graph"
            return Finding(Kind.TAIL_CUT, message, event.sequence, event.audit_id)
        return Finding(Kind.REMOVED, f"{where} is not in the graph", event.sequence, event.audit_id)
