"""Which error of a trace caused which, for TRIGGERED_BY."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter

from workers.pipelines.telemetry.fold.span import RaisedError, Span
from workers.pipelines.telemetry.limits import MAX_ERRORS_OF_SPAN


class Causes:
    """The errors of a trace, with marks on the pairs of error and cause that this batch adds or removes.

    The causes of an error are the error that it names, and each error of a child of its span, in any order of arrival.
    ``spans`` are those of the trace, by span_id; each keeps its own errors. (A reference to the trace itself would be
    a reference cycle, and a tenth of all CPU time would go to the garbage collector.)
    """

    __slots__ = ("_changed_pairs", "_errors", "_named_by", "_raising", "_spans")

    def __init__(self, spans: Mapping[str, Span]) -> None:
        self._errors: dict[str, RaisedError] = {}
        self._named_by: dict[str, list[RaisedError]] = {}
        self._raising: dict[str, Span] = {}
        self._spans = spans
        self._changed_pairs: dict[tuple[str, str], bool] = {}

    def restore(self, spans: Iterable[Span]) -> None:
        """Index the errors of earlier batches."""
        for span in spans:
            for error in span.errors:
                self._index(span, error)

    def add(self, error: RaisedError) -> None:
        """Add a new error of a span of the trace."""
        span = self._spans[error.span_id]
        for cause in self._causes_of(error):
            self._changed_pairs[error.id, cause.id] = True
        for other in self._caused_by(error, span):
            self._changed_pairs[other.id, error.id] = True
        insort(span.errors, error, key=attrgetter("id"))
        self._index(span, error)
        if len(span.errors) > MAX_ERRORS_OF_SPAN:
            self._forget(span.errors.pop(0))

    @property
    def changed(self) -> bool:
        """Tell whether this batch has added or removed any pair."""
        return bool(self._changed_pairs)

    def __contains__(self, error_id: str) -> bool:
        return error_id in self._errors

    def reparent(self, span_id: str, before: str | None, parent: str | None) -> None:
        """Make the span's errors causes of its new parent's errors, instead of its former parent's."""
        for cause in self._of(span_id):
            for error in self._of(parent):
                self._changed_pairs[error.id, cause.id] = True
            for error in self._of(before):
                if error.caused_by != cause.id:
                    self._changed_pairs[error.id, cause.id] = False

    def added(self) -> Iterator[tuple[str, str]]:
        """Return the pairs of error and cause that this batch adds."""
        return (pair for pair, holds in self._changed_pairs.items() if holds)

    def removed(self) -> Iterator[tuple[str, str]]:
        """Return the pairs of error and cause that this batch removes."""
        return (pair for pair, holds in self._changed_pairs.items() if not holds)

    def _causes_of(self, error: RaisedError) -> Iterator[RaisedError]:
        named = self._errors.get(error.caused_by) if error.caused_by else None
        if named is not None and named.id != error.id:  # no error causes itself
            yield named
        for span in self._raising.values():
            if span.parent == error.span_id:
                yield from span.errors

    def _caused_by(self, error: RaisedError, span: Span) -> Iterator[RaisedError]:
        yield from (other for other in self._named_by.get(error.id, ()) if other.id != error.id)
        yield from self._of(span.parent)

    def _of(self, span_id: str | None) -> list[RaisedError]:
        span = self._raising.get(span_id) if span_id is not None else None
        return span.errors if span else []

    def _index(self, span: Span, error: RaisedError) -> None:
        self._raising[span.span_id] = span
        self._errors[error.id] = error
        if error.caused_by:
            self._named_by.setdefault(error.caused_by, []).append(error)

    def _forget(self, error: RaisedError) -> None:
        self._errors.pop(error.id, None)
        if error.caused_by:
            self._named_by[error.caused_by].remove(error)
