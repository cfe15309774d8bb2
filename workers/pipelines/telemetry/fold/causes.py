"""Which error of a trace caused which, for TRIGGERED_BY."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from workers.pipelines.telemetry.fold.span import Span
from workers.pipelines.telemetry.limits import MAX_ERRORS_IN_STATE


class RaisedError(Struct, frozen=True, array_like=True, gc=False):
    """An error and its span. ``caused_by`` is the id of the error that it names as its cause."""

    id: str
    span_id: str
    caused_by: str | None


class Causes:
    """The errors of a trace, with marks on the pairs of error and cause that this batch adds or removes.

    The causes of an error are the error that it names, and each error of a child of its span, in any order of arrival.
    ``spans`` are those of the trace, by span_id. (A reference to the trace itself would be a reference cycle, and a
    tenth of all CPU time would go to the garbage collector.)
    """

    __slots__ = ("_changed_pairs", "_errors", "_spans")

    def __init__(self, spans: Mapping[str, Span]) -> None:
        self._errors: dict[str, RaisedError] = {}
        self._spans = spans
        self._changed_pairs: dict[tuple[str, str], bool] = {}

    def restore(self, errors: Iterable[RaisedError]) -> None:
        """Add the errors of earlier batches."""
        self._errors.update((error.id, error) for error in errors)

    def add(self, error: RaisedError) -> None:
        """Add a new error."""
        self._errors.pop(error.id, None)  # no error causes itself
        for other in self._errors.values():
            if self._is_cause(other, error):
                self._changed_pairs[error.id, other.id] = True
            if self._is_cause(error, other):
                self._changed_pairs[other.id, error.id] = True
        self._errors[error.id] = error

    @property
    def changed(self) -> bool:
        """Tell whether this batch has added or removed any pair."""
        return bool(self._changed_pairs)

    def __contains__(self, error_id: str) -> bool:
        return error_id in self._errors

    def reparent(self, span_id: str, before: str | None, parent: str | None) -> None:
        """Make the span's errors causes of its new parent's errors, instead of its former parent's."""
        own = [error for error in self._errors.values() if error.span_id == span_id]
        for cause in own:
            for error in self._errors.values():
                if error.span_id == parent:
                    self._changed_pairs[error.id, cause.id] = True
                elif error.span_id == before and error.caused_by != cause.id:
                    self._changed_pairs[error.id, cause.id] = False

    def added(self) -> Iterator[tuple[str, str]]:
        """Return the pairs of error and cause that this batch adds."""
        return (pair for pair, holds in self._changed_pairs.items() if holds)

    def removed(self) -> Iterator[tuple[str, str]]:
        """Return the pairs of error and cause that this batch removes."""
        return (pair for pair, holds in self._changed_pairs.items() if not holds)

    def latest(self) -> list[RaisedError]:
        """Return the errors for the stored state."""
        return list(self._errors.values())[-MAX_ERRORS_IN_STATE:]

    def _is_cause(self, cause: RaisedError, error: RaisedError) -> bool:
        if cause.id == error.caused_by:
            return True
        span = self._spans.get(cause.span_id)
        return span is not None and span.parent == error.span_id
