"""What verification finds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What was done to a chain."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TAIL_CUT = "tail cut"
    CHECKPOINT_FORGED = "checkpoint forged"
    CHECKPOINT_REMOVED = "checkpoint removed"
    CHECKPOINT_DIFFERS = "checkpoint differs"
    NOT_VERIFIED = "not verified"


class Chain(NamedTuple):
    """One chain of one partition of a topic."""

    topic: str
    partition: int
    chain_id: str


class Finding(NamedTuple):
    """The first thing that is wrong with a chain; ``sequence`` and ``audit_id`` name the record, where there is one."""

    kind: Kind
    message: str
    sequence: int | None = None
    audit_id: str | None = None


@dataclass(slots=True)
class Result:
    """What the verification of one chain found.

    ``records``      events that were verified, up to the first finding
    ``head``         the sequence of the last one
    ``hash``         its hash, hex
    ``lag``          records of the topic that the worker has not processed yet
    ``checkpoints``  checkpoints that agree with the chain
    ``signed``       checkpoints with a valid signature
    ``unsigned``     checkpoints without one
    """

    chain: Chain
    records: int = 0
    head: int = 0
    hash: str = ""
    lag: int = 0
    checkpoints: int = 0
    signed: int = 0
    unsigned: int = 0
    findings: list[Finding] = field(default_factory=list)


Progress = Callable[[int], None]
"""Is called with the number of records that were read since the call before."""
