"""The plan: what a batch has changed in the traces it touched, as statements in the order in which they must run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from workers.core.statement import Statement
from workers.core.template import Template
from workers.pipelines.telemetry.enrich import PriceBook
from workers.pipelines.telemetry.event_rows import aggregate_row, error_row, invocation_row, key_prefix, latency_row
from workers.pipelines.telemetry.model import Event
from workers.pipelines.telemetry.rows import (
    CauseRow,
    ChildRow,
    KeyRow,
    ModelRow,
    SuccessorRow,
    VersionChangeRow,
    VersionUseRow,
)
from workers.pipelines.telemetry.statements import (
    AGGREGATES,
    CAUSE_PARTED,
    CAUSES,
    CHILDREN,
    ERRORS,
    INVOCATIONS,
    LATENCIES,
    MODEL_CHANGED,
    MODELS,
    PARENT_CHANGED,
    SUCCESSOR_CHANGED,
    SUCCESSORS,
    VERSION_CHANGED,
    VERSION_USED,
)
from workers.pipelines.telemetry.trace import Trace

# Nodes before the relationships between them; a relationship that no longer holds goes before another comes.
ORDER = (
    MODELS,
    MODEL_CHANGED,
    INVOCATIONS,
    VERSION_CHANGED,
    VERSION_USED,
    LATENCIES,
    AGGREGATES,
    ERRORS,
    CAUSE_PARTED,
    CAUSES,
    PARENT_CHANGED,
    CHILDREN,
    SUCCESSOR_CHANGED,
    SUCCESSORS,
)

PayloadT = TypeVar("PayloadT")
Rows = Mapping[Template, list[tuple[Any, ...]]]


def plan(traces: Iterable[Trace], book: PriceBook) -> Sequence[Statement]:
    """Return the statements of all kinds of change, always the same ones, so that the server plans them once.

    One without rows costs next to nothing, another combination half a second of planning. Nothing at all to
    change gives no statement. Run again, they change nothing.
    """
    touched = list(traces)
    rows: Rows = {template: [] for template in ORDER}
    models = {model_id for trace in touched for model_id in trace.models}
    rows[MODELS].extend(ModelRow(model_id, *book.card(model_id)) for model_id in models)
    raised_at = {event.event_id: event.offset for trace in touched for event, _ in trace.failures}
    rows[LATENCIES].extend(latency_row(*measured) for measured in _firsts(trace.latencies for trace in touched))
    rows[AGGREGATES].extend(aggregate_row(*summed) for summed in _firsts(trace.aggregates for trace in touched))
    rows[ERRORS].extend(error_row(*raised) for raised in _firsts(trace.failures for trace in touched))
    for trace in touched:
        prefix = key_prefix(trace.trace_id)
        _add_spans(rows, trace, prefix, book)
        if trace.reparented:
            _add_children(rows, trace, prefix)
        if trace.chain.changed:
            _add_chain(rows, trace, prefix)
        if trace.causes.changed or trace.failures:
            _add_causes(rows, trace, raised_at)
    return [template.on(rows[template]) for template in ORDER] if any(rows.values()) else []


def _add_spans(rows: Rows, trace: Trace, prefix: str, book: PriceBook) -> None:
    """Add each changed Invocation, whether its Model is another than before, and the version of its time."""
    trace_id, invocations = trace.trace_id, rows[INVOCATIONS]
    for span_id, model_id in trace.changed.items():
        key, span = prefix + span_id, trace.spans[span_id]
        told = span.told()
        terms = book.terms(told.provider, told.model_id, span.timestamp)
        invocations.append(invocation_row(trace_id, key, span, told, terms))
        if model_id is not None:
            if model_id != told.model_id:
                rows[MODEL_CHANGED].append(KeyRow(key))
            rows[VERSION_CHANGED].append(VersionChangeRow(key, terms.version_id))
        if terms.version_id is not None:
            rows[VERSION_USED].append(VersionUseRow(terms.version_id, key))


def _add_children(rows: Rows, trace: Trace, prefix: str) -> None:
    """Add spans whose parent is another than before, or has come only now."""
    for span_id, before in trace.reparented.items():
        if before is not None:
            rows[PARENT_CHANGED].append(KeyRow(prefix + span_id))
        if parent := trace.spans[span_id].parent:
            rows[CHILDREN].append(ChildRow(prefix + span_id, prefix + parent))


def _add_chain(rows: Rows, trace: Trace, prefix: str) -> None:
    """Add the spans whose neighbours are others than before."""
    rows[SUCCESSOR_CHANGED].extend([KeyRow(prefix + span_id) for span_id in trace.chain.cut()])
    rows[SUCCESSORS].extend(
        [
            SuccessorRow(prefix + span_id, prefix + successor, duration_ms)
            for span_id, successor, duration_ms in trace.chain.joined()
        ]
    )


def _firsts(told: Iterable[list[tuple[Event, PayloadT]]]) -> Iterable[tuple[Event, PayloadT]]:
    """Of events that are nodes by themselves, give the first of each id: copies of one may come without a trace."""
    in_log_order = sorted((each for events in told for each in events), key=_offset)
    return {event.event_id: (event, payload) for event, payload in reversed(in_log_order)}.values()


def _offset(told: tuple[Event, object]) -> int:
    return told[0].offset


def _add_causes(rows: Rows, trace: Trace, raised_at: Mapping[str, int]) -> None:
    """Add what led to what; a cause that another trace raised must have come before, whatever the batches were."""
    rows[CAUSE_PARTED].extend(CauseRow(*pair) for pair in trace.causes.parted())
    joined = set(trace.causes.joined())
    for event, failure in trace.failures:
        cause = failure.caused_by
        if cause and cause not in trace.causes and raised_at.get(cause, -1) < event.offset:
            joined.add((event.event_id, cause))
    rows[CAUSES].extend(CauseRow(*pair) for pair in joined)
