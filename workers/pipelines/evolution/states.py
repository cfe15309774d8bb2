"""What a change of a schema can be, and the states of its migration."""

from enum import StrEnum


class ChangeClass(StrEnum):
    """A version against the one before."""

    BACKWARD = "backward"
    """It takes all that the one before takes: migrated at once."""
    FORWARD = "forward"
    """The one before takes all that it takes: it waits for the models that it names."""
    BREAKING = "breaking"
    """Neither, or nobody can tell: it waits for approval."""


class State(StrEnum):
    """How far a migration has come."""

    BUFFERED = "BUFFERED"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    SCHEDULED = "SCHEDULED"
    EXECUTED = "EXECUTED"
    VERIFIED = "VERIFIED"
    CONFIRMED = "CONFIRMED"
    ROLLED_BACK = "ROLLED_BACK"
    REJECTED = "REJECTED"


FIRST = {
    ChangeClass.BACKWARD: State.SCHEDULED,
    ChangeClass.FORWARD: State.BUFFERED,
    ChangeClass.BREAKING: State.AWAITING_APPROVAL,
}
"""The state in which a migration begins."""

UNDECIDED = frozenset({State.BUFFERED, State.AWAITING_APPROVAL})
"""Somebody may approve or reject it."""

ENDED = frozenset({State.CONFIRMED, State.ROLLED_BACK, State.REJECTED})
"""Nothing more comes."""

UNDER_WAY = frozenset(State) - ENDED
