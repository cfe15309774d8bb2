"""Errors, sorted by what to do next."""

from typing import ClassVar

from workers.core.stage import Stage


class MemoryGraphError(Exception):
    """The root of all errors of this project."""


class Rejected(MemoryGraphError):
    """Dead-letter the record: it can never succeed. The records around it go on.

    ``code`` is short and stable (``field.missing``); ``message`` names the field, the value and the fix.
    """

    def __init__(self, stage: Stage, code: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.code = code
        self.message = message


class Dropped(MemoryGraphError):
    """Count the record and go on: a named policy leaves it out of the graph, and nothing is wrong with it.

    ``reason`` is short and stable, a label of the metric; ``event_type`` labels it where it is known.
    """

    def __init__(self, reason: str, event_type: str = "unknown") -> None:
        super().__init__(reason)
        self.reason = reason
        self.event_type = event_type


class Refused(MemoryGraphError):
    """Split the batch: the server refuses it for its content (constraint, type, size)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Retryable(MemoryGraphError):
    """Try again later: a server is away or busy, and nothing is known to be written.

    ``after_seconds`` is the wait that the server asks for, if it asks.
    """

    def __init__(self, message: str = "", after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class Contended(Retryable):
    """Try again at once: another transaction has the same locks. The server works."""


class NeedsOperator(Retryable):
    """Try again, for an operator to end it: the server answers, and does not take this as it is configured."""


class NotAllowed(NeedsOperator):
    """Try again, for an operator to end it: the server does not let this client do it. The message is complete."""


class TransactionFailed(Retryable):
    """Try again: the server answers, and could not finish this transaction. If it never can, its content is suspect."""


class RequestRejected(MemoryGraphError):
    """Put the step off: another system refuses this request. The message names request, answer and fix."""


class Fenced(MemoryGraphError):
    """Write nothing more under this claim: another process has claimed the partition, or the graph is another."""


class OperatorError(MemoryGraphError):
    """End the command: a person must act. The message is one sentence with the fix.

    ``exit_code`` is the exit code of the command, ``meaning`` what it says.
    """

    exit_code: ClassVar[int]
    meaning: ClassVar[str]


class ProblemsFound(OperatorError):
    """A check found problems, or records could not be replayed."""

    exit_code = 1
    meaning = "problems found"


class Misconfigured(OperatorError):
    """The operator must change the usage or the configuration."""

    exit_code = 2
    meaning = "wrong usage or configuration"


class NewGraph(Misconfigured):
    """The graph has nothing of a partition that was read before, and the worker must not begin again by itself."""


class Unreachable(OperatorError):
    """A server that the command needs does not answer."""

    exit_code = 3
    meaning = "a server is out of reach"
