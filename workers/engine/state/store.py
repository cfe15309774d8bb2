"""The table's store in memory. Its recovery ignores late writes of zombies."""

from collections.abc import Callable, Iterable
from typing import Any

from faust.stores import memory
from faust.types import TP, EventT

from workers.engine.faust_logger import QUIET
from workers.engine.state.entry import Entry


class StateStore(memory.Store[bytes, bytes]):
    """Faust's memory store, in which the entry with the highest offset wins, not the last one in the changelog.

    A process that was frozen between the commit of the graph and the write of the table can write its old entry after
    the partition's next owner has written newer ones. Recovered in log order, it would bring back an outdated state.
    """

    logger = QUIET

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], Any],  # noqa: ARG002 - Faust's signature
        to_value: Callable[[Any], Any],  # noqa: ARG002 - same reason as above
    ) -> None:
        """Apply changelog records that the recovery reads."""
        for event in batch:
            key, packed = event.message.key, event.message.value
            if packed is None:
                self.data.pop(key, None)
            elif (held := self.data.get(key)) is None or not _outdates(held, packed):
                self.data[key] = packed

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:  # noqa: ARG002 - Faust's signature
        """Remove the entries of partitions that other processes have now."""
        held = {tp.partition for tp in active_tps}
        gone = [key for key, packed in self.data.items() if Entry.unpack(packed).partition not in held]
        for key in gone:
            del self.data[key]


def _outdates(held: bytes, offered: bytes) -> bool:
    """Tell whether ``held`` has a higher epoch and offset, for the same graph."""
    mine, other = Entry.unpack(held), Entry.unpack(offered)
    return mine.lineage == other.lineage and (mine.epoch, mine.offset) > (other.epoch, other.offset)
