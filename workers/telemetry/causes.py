"""Which error of a trace led to which: what TRIGGERED_BY is drawn from."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from workers.telemetry.limits import MAX_ERRORS_IN_STATE


class Raised(NamedTuple):
    """An error, and the span that raised it. ``caused_by`` is the id of the error that it names as its cause."""

    id: str
    span_id: str
    caused_by: str | None


class Causes:
    """The errors of a trace, with marks on the pairs that this batch joins or parts.

    An error's cause is the one that it names, and each that a child of its span raised, whichever came first.
    ``parents`` is the trace's own record of each span's parent, by span_id. (Not a method of the trace: that
    would make every trace a reference cycle, and the garbage collector's work a tenth of all.)
    """

    def __init__(self, errors: Iterable[Raised], parents: Mapping[str, str | None]) -> None:
        self._errors = {error.id: error for error in errors}
        self._parents = parents
        self._joined: dict[tuple[str, str], bool] = {}

    def add(self, error: Raised) -> None:
        """Add an error that has just been raised."""
        self._errors.pop(error.id, None)  # none leads to itself
        for other in self._errors.values():
            if self._leads(other, error):
                self._joined[error.id, other.id] = True
            if self._leads(error, other):
                self._joined[other.id, error.id] = True
        self._errors[error.id] = error

    @property
    def changed(self) -> bool:
        """Whether this batch has joined or parted any."""
        return bool(self._joined)

    def __contains__(self, error_id: str) -> bool:
        return error_id in self._errors

    def reparent(self, span_id: str, before: str | None, parent: str | None) -> None:
        """Let the span's errors be causes of its new parent's errors, no longer of the one's before."""
        raised = [error for error in self._errors.values() if error.span_id == span_id]
        for cause in raised:
            for error in self._errors.values():
                if error.span_id == parent:
                    self._joined[error.id, cause.id] = True
                elif error.span_id == before and error.caused_by != cause.id:
                    self._joined[error.id, cause.id] = False

    def joined(self) -> Iterator[tuple[str, str]]:
        """Pairs of an error and its cause that this batch has brought together."""
        return (pair for pair, holds in self._joined.items() if holds)

    def parted(self) -> Iterator[tuple[str, str]]:
        """Pairs of an error and what this batch has shown not to be its cause."""
        return (pair for pair, holds in self._joined.items() if not holds)

    def dump(self) -> list[tuple[Any, ...]]:
        """Return the latest errors as plain tuples, for JSON."""
        return [tuple(error) for error in list(self._errors.values())[-MAX_ERRORS_IN_STATE:]]

    def _leads(self, cause: Raised, error: Raised) -> bool:
        return cause.id == error.caused_by or self._parents.get(cause.span_id) == error.span_id
