"""The plan: the changes of a batch as statements, in the order in which they must run."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol, TypeVar

from workers.core.node_key import model_name_id, span_part, trace_prefix
from workers.core.statement import Statement, Template
from workers.pipelines.telemetry.cost import Priced
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.span import Named
from workers.pipelines.telemetry.fold.trace import FromEvent, Trace
from workers.pipelines.telemetry.prices.meaning import NameBook
from workers.pipelines.telemetry.prices.pricing import PriceBook
from workers.pipelines.telemetry.tokens.used import Conventions, used_by
from workers.pipelines.telemetry.write import statements as write
from workers.pipelines.telemetry.write.rows import (
    CauseRow,
    ChildRow,
    KeyRow,
    ModelChangeRow,
    ModelRow,
    NameRow,
    SpanColumns,
    SuccessorRow,
    VersionChangeRow,
    VersionUseRow,
    aggregate_row,
    error_row,
    invocation_row,
    latency_row,
)

# Nodes before the relationships between them; an outdated relationship is deleted before its replacement is created.
ORDER = (
    write.NAMES,
    write.MODELS,
    write.MODEL_CHANGED,
    write.INVOCATIONS,
    write.VERSION_CHANGED,
    write.VERSION_USED,
    write.LATENCIES,
    write.AGGREGATES,
    write.ERRORS,
    write.CAUSE_REMOVED,
    write.CAUSES,
    write.PARENT_CHANGED,
    write.CHILDREN,
    write.SUCCESSOR_CHANGED,
    write.SUCCESSORS,
)

PayloadT = TypeVar("PayloadT")


class Book(PriceBook, NameBook, Protocol):
    """What a plan looks up."""


Rows = Mapping[Template, list[Sequence[Any]]]


def plan(traces: Sequence[Trace], book: Book, conventions: Conventions) -> Sequence[Statement]:
    """Return always the same statements, so that Neo4j plans the query once; without any change return none.

    A statement without rows costs almost nothing, another combination of statements half a second of planning. Run
    again, they change nothing.
    """
    rows: Rows = {template: [] for template in ORDER}
    rows[write.LATENCIES].extend(latency_row(*each) for each in _first_of_id(trace.latencies for trace in traces))
    for event, payload in _first_of_id(trace.aggregates for trace in traces):
        used_model = book.used_model(payload.provider, payload.model_id, event.timestamp)
        rows[write.AGGREGATES].append(aggregate_row(event, payload, used_model))
    rows[write.ERRORS].extend(error_row(*each) for each in _first_of_id(trace.failures for trace in traces))
    offsets = {event.event_id: offset for trace in traces for offset, event, _ in trace.failures}
    for trace in traces:
        prefix = trace_prefix(trace.trace_id)
        _add_spans(rows, trace, prefix, book, conventions)
        if trace.reparented:
            _add_children(rows, trace, prefix)
        if trace.chain.changed:
            _add_chain(rows, trace, prefix)
        if trace.causes.changed or trace.failures:
            _add_causes(rows, trace, offsets)
    _add_models(rows, {name for trace in traces for name in trace.names}, book)
    return [template.on(rows[template]) for template in ORDER] if any(rows.values()) else []


def _add_models(rows: Rows, names: Iterable[tuple[str, str]], book: Book) -> None:
    """Add the names of models, and a Model for each that a row uses, or that a name means at any time."""
    models = {row[0] for template in (write.INVOCATIONS, write.AGGREGATES) for row in rows[template]}
    for provider, name in names:
        meaning = book.meaning(provider, name)
        means = (meaning.text, meaning.is_open, list(meaning.used_models))
        rows[write.NAMES].append(NameRow(model_name_id(provider, name), provider, name, *means))
        models.update([name] if meaning.is_open else [])
    rows[write.MODELS].extend(ModelRow(model_id, *book.entry(model_id)) for model_id in models)


def _add_spans(rows: Rows, trace: Trace, prefix: str, book: Book, conventions: Conventions) -> None:
    """Add each changed Invocation, whether its Model has changed, and the version at its time."""
    trace_id, invocations = trace.trace_id, rows[write.INVOCATIONS]
    for span_id, before in trace.changed.items():
        key, span = prefix + span_part(span_id), trace.spans[span_id]
        source, used, at = span.source_event(), used_by(span, conventions), span.timestamp
        model_id, provider = source.model_id, source.provider
        terms = book.terms(provider, model_id, at, used.service_tier)
        used_model = book.used_model(provider, model_id, at)
        trace.priced[span_id] = Priced(used, terms)
        place = SpanColumns(used_model, key, span.id, trace_id, span_id, span.parent, model_id, provider, at)
        invocations.append(invocation_row(place, span, used, terms))
        if before is not None:
            now = Named(provider, model_id, at)
            if before != now and (before[:2] != now[:2] or book.used_model(*before) != used_model):
                rows[write.MODEL_CHANGED].append(ModelChangeRow(key, used_model))
            rows[write.VERSION_CHANGED].append(VersionChangeRow(key, terms.version_id))
        if terms.version_id is not None:
            rows[write.VERSION_USED].append(VersionUseRow(terms.version_id, key))


def _add_children(rows: Rows, trace: Trace, prefix: str) -> None:
    """Add spans with another parent than before, and those whose parent has come only now."""
    for span_id, before in trace.reparented.items():
        if before is not None:
            rows[write.PARENT_CHANGED].append(KeyRow(prefix + span_part(span_id)))
        if parent := trace.spans[span_id].parent:
            rows[write.CHILDREN].append(ChildRow(prefix + span_part(span_id), prefix + span_part(parent)))


def _add_chain(rows: Rows, trace: Trace, prefix: str) -> None:
    """Add spans with other neighbours than before."""
    rows[write.SUCCESSOR_CHANGED].extend([KeyRow(prefix + span_part(span_id)) for span_id in trace.chain.outdated()])
    rows[write.SUCCESSORS].extend(
        [
            SuccessorRow(prefix + span_part(span_id), prefix + span_part(successor), duration_ms)
            for span_id, successor, duration_ms in trace.chain.added()
        ]
    )


def _first_of_id(events: Iterable[list[FromEvent[PayloadT]]]) -> Iterable[tuple[Event, PayloadT]]:
    """Return the first event of each id: copies of an event may come in several traces, or without a trace."""
    in_log_order = sorted((each for of_trace in events for each in of_trace), key=itemgetter(0))
    return {event.event_id: (event, payload) for _, event, payload in reversed(in_log_order)}.values()


def _add_causes(rows: Rows, trace: Trace, offsets: Mapping[str, int]) -> None:
    """Add causes of errors. A cause in another trace must have a lower offset, independent of batches."""
    rows[write.CAUSE_REMOVED].extend(CauseRow(*pair) for pair in trace.causes.removed())
    added = set(trace.causes.added())
    for offset, event, failure in trace.failures:
        cause = failure.caused_by
        if cause and cause not in trace.causes and offsets.get(cause, -1) < offset:
            added.add((event.event_id, cause))
    rows[write.CAUSES].extend(CauseRow(*pair) for pair in added)
