"""Names of the anomalies, for short reports."""

from enum import StrEnum
from typing import NamedTuple


class Anomaly(StrEnum):
    """Everything that the checker can find."""

    LOST = "LOST"
    """An input is in neither the graph nor the dead letters."""
    DOUBLED = "DOUBLED"
    """An input has counted twice."""
    REORDERED = "REORDERED"
    """Inputs of one key were folded in another order than in the log."""
    STATE_DIVERGED = "STATE_DIVERGED"
    """All records reached the graph, but a state differs from the events."""
    WRONGLY_DEAD_LETTERED = "WRONGLY_DEAD_LETTERED"
    """A good record is in the dead letters."""
    DEAD_LETTER_REPEATED = "DEAD_LETTER_REPEATED"
    """One input has more dead letters than crashes and outages explain."""
    DEAD_LETTER_CHANGED = "DEAD_LETTER_CHANGED"
    """A dead letter is not its record byte for byte, or names another place."""
    FENCE_BROKEN = "FENCE_BROKEN"
    """A worker wrote to a partition that another had claimed before."""
    COMMIT_AHEAD = "COMMIT_AHEAD"
    """Kafka got a committed offset before the graph had its record."""
    COMMIT_BACK = "COMMIT_BACK"
    WATERMARK_BACK = "WATERMARK_BACK"
    HALF_SEEN = "HALF_SEEN"
    """A reader saw a part of a transaction."""
    MEMORY = "MEMORY"
    """A worker's memory exceeded its limit."""
    RESTARTED = "RESTARTED"
    """A chain of audit events has begun again, or has gone back."""
    FORKED = "FORKED"
    """Two audit events have one place in a chain, or follow the same one."""
    CHAIN_BROKEN = "CHAIN_BROKEN"
    """The chain, or a checkpoint of it, is not what its description makes of the records."""
    OVERWRITTEN = "OVERWRITTEN"
    """An object of the archive is not what was put there."""
    UNSIGNED = "UNSIGNED"
    """A checkpoint was published without a signature, although it had to wait for one."""
    FALSE_ALARM = "FALSE_ALARM"
    """`audit verify` finds something wrong with a chain that nobody has edited."""
    STUCK = "STUCK"
    """Watermarks or commits did not reach the end of the log."""


class Finding(NamedTuple):
    """One anomaly, with its evidence."""

    anomaly: Anomaly
    told: str

    def __str__(self) -> str:
        return f"{self.anomaly}: {self.told}"
