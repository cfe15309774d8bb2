"""The classes of schema changes, and the states of a migration."""

from enum import StrEnum


class ChangeClass(StrEnum):
    """A version compared with the one before."""

    BACKWARD = "backward"
    """It accepts all that the one before accepts: migrated at once."""
    FORWARD = "forward"
    """The one before accepts all that it accepts: it waits for its models."""
    BREAKING = "breaking"
    """Neither, or it cannot be decided: it waits for approval."""


class State(StrEnum):
    """The state of a migration."""

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
"""The first state of a migration."""

UNDECIDED = frozenset({State.BUFFERED, State.AWAITING_APPROVAL})
"""States in which a person may approve or reject it."""

ENDED = frozenset({State.CONFIRMED, State.ROLLED_BACK, State.REJECTED})
"""States of ended migrations."""

UNDER_WAY = frozenset(State) - ENDED

SETTLED = ENDED | {State.VERIFIED}
"""States in which the next version may begin: that the registry has not taken a confirmation yet holds up nothing."""

BLOCKING = frozenset(State) - SETTLED
