"""Names for what must never happen, so that a report says it in one word."""

from enum import StrEnum
from typing import NamedTuple


class Anomaly(StrEnum):
    """What the checker can find."""

    LOST = "LOST"
    """An input is in neither the graph nor the dead letters."""
    DOUBLED = "DOUBLED"
    """An input has counted twice."""
    REORDERED = "REORDERED"
    """Inputs of one key were folded in another order than the log's."""
    STATE_DIVERGED = "STATE_DIVERGED"
    """The graph was told everything, and yet is not what the events come to: a state was behind or ahead of it."""
    WRONGLY_DEAD_LETTERED = "WRONGLY_DEAD_LETTERED"
    """A good record is in the dead letters."""
    DEAD_LETTER_REPEATED = "DEAD_LETTER_REPEATED"
    """One input has more dead letters than crashes and outages explain."""
    DEAD_LETTER_CHANGED = "DEAD_LETTER_CHANGED"
    """A dead letter is not its record byte for byte, or names another place."""
    FENCE_BROKEN = "FENCE_BROKEN"
    """A worker wrote to a partition that another had claimed before."""
    COMMIT_AHEAD = "COMMIT_AHEAD"
    """Kafka was told of an offset that the graph did not hold yet."""
    COMMIT_BACK = "COMMIT_BACK"
    WATERMARK_BACK = "WATERMARK_BACK"
    HALF_SEEN = "HALF_SEEN"
    """A reader saw a part of a transaction."""
    MEMORY = "MEMORY"
    """A worker grew beyond its bound."""
    STUCK = "STUCK"
    """Watermarks or commits did not reach the log's end."""


class Finding(NamedTuple):
    """One anomaly, with what it was seen at."""

    anomaly: Anomaly
    told: str

    def __str__(self) -> str:
        return f"{self.anomaly}: {self.told}"
