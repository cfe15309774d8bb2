"""The named points where a worker can be killed, stopped, or made to fail."""

import os
import signal
from collections import Counter
from enum import StrEnum
from typing import NamedTuple

from tests.chaos.checking.history import History


class Point(StrEnum):
    """A point. Each is passed once per chunk, claim, transaction, and so on."""

    AFTER_FETCH = "after_fetch"
    BEFORE_CLAIM = "before_claim"
    AFTER_CLAIM = "after_claim"
    AFTER_STATES = "after_states"
    """The states of a batch have been read from the graph."""
    BEFORE_DEAD_LETTERS = "before_dead_letters"
    AFTER_DEAD_LETTERS = "after_dead_letters"
    BEFORE_TRANSACTION = "before_transaction"
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"
    AFTER_ACKNOWLEDGEMENT = "after_acknowledgement"
    AT_REVOCATION = "at_revocation"
    """No record's: a rebalance has begun, and takes partitions away."""
    AT_ASSIGNMENT = "at_assignment"
    """No record's: partitions were assigned, and Faust's recovery begins."""
    BEFORE_CHECKPOINT = "before_checkpoint"
    """The audit worker has kept and signed a checkpoint, and is going to publish it."""
    AFTER_CHECKPOINT = "after_checkpoint"
    AFTER_OBJECT = "after_object"
    """The audit worker has put an object into the archive, and is going to note it in the graph."""


class Action(StrEnum):
    """What happens at a point."""

    KILL = "kill"
    TERMINATE = "terminate"
    """Send SIGTERM."""
    STOP = "stop"
    """Send SIGSTOP: nothing in the process runs until the test sends SIGCONT."""
    RAISE = "raise"
    RAISE_ON = "raise_on"
    """Raise at this pass and all later ones, like a bug caused by a record."""


SIGNALS = {Action.KILL: signal.SIGKILL, Action.TERMINATE: signal.SIGTERM, Action.STOP: signal.SIGSTOP}


class At(NamedTuple):
    """Do ``action`` at the ``passing``-th pass (from 1) of ``point``."""

    point: Point
    passing: int
    action: Action = Action.KILL

    def __str__(self) -> str:
        return f"{self.point}:{self.passing}:{self.action}"

    @classmethod
    def read(cls, text: str) -> "At":
        point, passing, action = text.split(":")
        return cls(Point(point), int(passing), Action(action))

    def is_due(self, point: Point, passing: int) -> bool:
        """Return whether to strike at this pass."""
        lasts = self.action is Action.RAISE_ON and passing > self.passing
        return point is self.point and (lasts or passing == self.passing)


class InjectedBug(Exception):
    """An unexpected exception, in place of any bug."""


class Points:
    """Counts the passes, and strikes when one is due."""

    def __init__(self, due: str, history: History) -> None:
        self._due = tuple(map(At.read, due.split()))
        self._passed: Counter[Point] = Counter()
        self._history = history

    def reach(self, point: Point) -> None:
        """Count a pass, and strike if it is due."""
        self._passed[point] += 1
        for at in self._due:
            if at.is_due(point, self._passed[point]):
                self._strike(point, at.action)

    def awaits(self, point: Point) -> bool:
        """Return whether a strike at the point is still due."""
        return any(at.point is point and at.passing > self._passed[point] for at in self._due)

    def _strike(self, point: Point, action: Action) -> None:
        self._history.note("struck", point=point, action=action, pid=os.getpid())
        if action in {Action.RAISE, Action.RAISE_ON}:
            raise InjectedBug(point)
        os.kill(os.getpid(), SIGNALS[action])
