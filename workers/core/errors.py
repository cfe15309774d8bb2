"""Errors classed by what to do next: dead-letter, leave out, isolate, wait, stand down, or tell the operator."""

from workers.core.stage import Stage


class MemoryGraphError(Exception):
    """The root of all errors of this project."""


class Rejected(MemoryGraphError):
    """The record can never succeed: dead-letter it, its neighbours go on.

    ``code`` is short and stable (``field.missing``); ``message`` names the field, the value and the fix.
    """

    def __init__(self, stage: Stage, code: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.code = code
        self.message = message


class Dropped(Exception):
    """A named policy leaves the record out of the graph: count it, go on; nothing is wrong with it.

    ``reason`` is short and stable, a label of the metric; ``event_type`` labels it where it is known.
    """

    def __init__(self, reason: str, event_type: str = "unknown") -> None:
        super().__init__(reason)
        self.reason = reason
        self.event_type = event_type


class Refused(Exception):
    """The database refuses a batch for what is in it (constraint, type, size): bisect, isolate the culprit."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Retryable(Exception):
    """A server is away or busy; the same attempt may succeed later. Nothing is known to be written.

    ``after_seconds`` is how long it asks to be left alone, where it says so.
    """

    def __init__(self, message: str = "", after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class RequestRejected(Exception):
    """Another system answers that a request cannot succeed as it is. The message names request, answer and fix."""


class Fenced(Exception):
    """Another owner has claimed this partition: write nothing more, stand down."""


class Misconfigured(Exception):
    """The operator must change something. One sentence with the fix. Exit code 2."""


class Unreachable(Exception):
    """A server that a command needs does not answer. One sentence with the fix. Exit code 3."""


class ProblemsFound(Exception):
    """A check found problems, or records could not be replayed. Exit code 1."""
