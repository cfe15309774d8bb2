"""The memory of the Faust table: entries in the order of their last change."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from faust.stores import memory
from faust.types import EventT

from workers.engine.faust_logger import QUIET


class CacheStore(memory.Store[bytes, bytes]):
    """Faust's memory store. Its changelog stays empty, because the graph has every state."""

    logger = QUIET

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.data: OrderedDict[bytes, bytes] = OrderedDict()

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], Any],
        to_value: Callable[[Any], Any],
    ) -> None:
        """Ignore changelog records: no entry is believed that this process has not written or read itself."""
