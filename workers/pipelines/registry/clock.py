"""Vector clocks: whether one write of a row knew of another."""

from collections.abc import Iterable
from enum import Enum, auto


class Standing(Enum):
    """How an offered write stands to the known one."""

    LATER = auto()
    """It knew of the known one; or one of the two carries no clock, or both carry the same: the log's order counts."""
    STALE = auto()
    """The known one knew of it."""
    CONCURRENT = auto()
    """Neither knew of the other."""


def standing(known: Iterable[tuple[str, int]], offered: Iterable[tuple[str, int]]) -> Standing:
    """Compare two clocks; a writer that one does not name stands at 0 there."""
    ours, theirs = dict(known), dict(offered)
    if not ours or not theirs or ours == theirs:
        return Standing.LATER
    writers = ours.keys() | theirs.keys()
    ahead = any(theirs.get(writer, 0) > ours.get(writer, 0) for writer in writers)
    behind = any(theirs.get(writer, 0) < ours.get(writer, 0) for writer in writers)
    if ahead and behind:
        return Standing.CONCURRENT
    return Standing.STALE if behind else Standing.LATER
