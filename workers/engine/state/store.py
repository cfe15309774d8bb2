"""The table's store in memory, recovered so that a zombie's late writes do no harm."""

from collections.abc import Callable, Iterable
from typing import Any

from faust.stores import memory
from faust.types import TP, EventT

from workers.engine.faust_logger import QUIET
from workers.engine.state.entry import Entry


class StateStore(memory.Store[bytes, bytes]):
    """Faust's memory store, in which the entry that has seen most wins, not the last one in the changelog.

    A worker frozen between the graph's commit and the table's can write its old entry after the partition's
    next owner has written newer ones. Recovered in the order of the log, that entry would bring back a state
    the graph has left behind.
    """

    logger = QUIET

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], Any],  # noqa: ARG002 - Faust's signature
        to_value: Callable[[Any], Any],  # noqa: ARG002 - likewise
    ) -> None:
        """Apply changelog records, as recovery reads them."""
        for event in batch:
            key, packed = event.message.key, event.message.value
            if packed is None:
                self.data.pop(key, None)
            elif (held := self.data.get(key)) is None or not _outdates(held, packed):
                self.data[key] = packed

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:  # noqa: ARG002 - likewise
        """Forget the entries of partitions that others hold now."""
        held = {tp.partition for tp in active_tps}
        gone = [key for key, packed in self.data.items() if Entry.unpack(packed).partition not in held]
        for key in gone:
            del self.data[key]


def _outdates(held: bytes, offered: bytes) -> bool:
    """Tell whether ``held`` has seen more of the same life of the same topic, for the same graph."""
    mine, other = Entry.unpack(held), Entry.unpack(offered)
    return mine.lineage == other.lineage and (mine.epoch, mine.offset) > (other.epoch, other.offset)
