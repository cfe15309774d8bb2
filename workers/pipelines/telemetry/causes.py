"""Which error of a trace led to which: what TRIGGERED_BY is drawn from."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from workers.pipelines.telemetry.limits import MAX_ERRORS_IN_STATE
from workers.pipelines.telemetry.span import Span


class Raised(Struct, frozen=True, array_like=True, gc=False):
    """An error, and the span that raised it. ``caused_by`` is the id of the error that it names as its cause."""

    id: str
    span_id: str
    caused_by: str | None


class Causes:
    """The errors of a trace, with marks on the pairs that this batch joins or parts.

    An error's cause is the one that it names, and each that a child of its span raised, whichever came first.
    ``spans`` are the trace's own, by span_id. (Not the trace itself: that would make every trace a reference
    cycle, and the garbage collector's work a tenth of all.)
    """

    __slots__ = ("_errors", "_joined", "_spans")

    def __init__(self, spans: Mapping[str, Span]) -> None:
        self._errors: dict[str, Raised] = {}
        self._spans = spans
        self._joined: dict[tuple[str, str], bool] = {}

    def recall(self, errors: Iterable[Raised]) -> None:
        """Take the errors of earlier batches."""
        self._errors.update((error.id, error) for error in errors)

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

    def latest(self) -> list[Raised]:
        """Return the errors that are to be remembered."""
        return list(self._errors.values())[-MAX_ERRORS_IN_STATE:]

    def _leads(self, cause: Raised, error: Raised) -> bool:
        if cause.id == error.caused_by:
            return True
        span = self._spans.get(cause.span_id)
        return span is not None and span.parent == error.span_id
