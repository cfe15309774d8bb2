"""Let a chunk that was fetched after a seek reach its agent: Faust drops messages around a seek by itself.

Both rules of Faust serve its own delivery, which counts single messages. Here a seek has a number, and an assignment
leaves out what was fetched before it. A chunk that Faust drops after the seek is missed by the next one, and that ends
the process.
"""

from collections import UserDict

from faust.types import TP
from mode.utils.queues import FlowControlEvent


class FlowControl(FlowControlEvent):
    """Flow control that keeps waiting messages when the flow goes on.

    A recovery seeks while the flow is on, and only then resumes it. What was fetched in between would be dropped.
    """

    def resume(self) -> None:
        """Pass messages on again; ``clear`` alone drops those that wait."""
        self._suspend.clear()
        self._resume.set()


class NoReadOffsets(UserDict[TP, int | None]):
    """Faust's offset of the last read message by partition, always ``None``: then Faust drops no message as read.

    Faust notes it after a message was passed on. For a message from before a seek that can be after the seek, and the
    first messages after it would seem to be read.
    """

    def __missing__(self, key: TP) -> None:
        """Return ``None``: nothing was read."""

    def __setitem__(self, key: TP, item: int | None) -> None:
        """Note nothing."""

    def __delitem__(self, key: TP) -> None:
        """Forget nothing: there is nothing."""
