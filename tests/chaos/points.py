"""The named points of a record's way at which a worker under test can be killed, stopped, or made to fail."""

import os
import signal
from collections import Counter
from enum import StrEnum
from typing import NamedTuple

from tests.chaos.history import History


class Point(StrEnum):
    """Where. Each is passed once a chunk, a claim, a transaction, and so on."""

    AFTER_FETCH = "after_fetch"
    BEFORE_CLAIM = "before_claim"
    AFTER_CLAIM = "after_claim"
    BEFORE_DEAD_LETTERS = "before_dead_letters"
    AFTER_DEAD_LETTERS = "after_dead_letters"
    BEFORE_TRANSACTION = "before_transaction"
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"
    AFTER_TABLE = "after_table"
    AFTER_ACKNOWLEDGEMENT = "after_acknowledgement"


class Action(StrEnum):
    """What."""

    KILL = "kill"
    STOP = "stop"
    """SIGSTOP: nothing of the process runs until the test sends SIGCONT."""
    RAISE = "raise"


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


class InjectedBug(Exception):
    """Stands for any bug: an exception that nobody expects."""


class Points:
    """Counts the passes, and strikes when one is due."""

    def __init__(self, due: str, history: History) -> None:
        self._due = {(at.point, at.passing): at.action for at in map(At.read, due.split())}
        self._passed: Counter[Point] = Counter()
        self._history = history

    def reach(self, point: Point) -> None:
        """Count a pass, and strike if it is due."""
        if action := self.count(point):
            self.strike(point, action)

    def count(self, point: Point) -> Action | None:
        """Count a pass, and tell what is due, for whoever strikes a moment later."""
        self._passed[point] += 1
        return self._due.get((point, self._passed[point]))

    def strike(self, point: Point, action: Action) -> None:
        """Do it."""
        self._history.note("struck", point=point, action=action, pid=os.getpid())
        if action is Action.RAISE:
            raise InjectedBug(point)
        os.kill(os.getpid(), signal.SIGKILL if action is Action.KILL else signal.SIGSTOP)
