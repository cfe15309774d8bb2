"""The plan: what a batch has changed in the traces it touched, as statements in the order in which they must run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from workers.core.statement import Statement
from workers.telemetry.enrich import PriceBook
from workers.telemetry.event_rows import aggregate_row, error_row, invocation_row, latency_row
from workers.telemetry.model import Event
from workers.telemetry.rows import CauseRow, ChildRow, KeyRow, ModelRow, ModelUseRow, SuccessorRow
from workers.telemetry.statements import (
    AGGREGATES,
    CAUSE_PARTED,
    CAUSES,
    CHILDREN,
    ERRORS,
    INVOCATIONS,
    LATENCIES,
    MODEL_CHANGED,
    MODEL_USED,
    MODELS,
    PARENT_CHANGED,
    SUCCESSOR_CHANGED,
    SUCCESSORS,
    Template,
)
from workers.telemetry.trace import Trace

# Nodes before the relationships between them; a relationship that no longer holds goes before another comes.
ORDER = (
    MODELS,
    INVOCATIONS,
    MODEL_CHANGED,
    MODEL_USED,
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
    """Return a statement for each kind of change that there is. Run again, they change nothing."""
    touched = list(traces)
    rows: Rows = {template: [] for template in ORDER}
    models = {model_id for trace in touched for model_id in trace.models}
    rows[MODELS].extend(ModelRow(model_id, *book.card(model_id)) for model_id in models)
    raised_at = {event.event_id: event.offset for trace in touched for event, _ in trace.failures}
    rows[LATENCIES].extend(latency_row(*measured) for measured in _firsts(trace.latencies for trace in touched))
    rows[AGGREGATES].extend(aggregate_row(*summed) for summed in _firsts(trace.aggregates for trace in touched))
    rows[ERRORS].extend(error_row(*raised) for raised in _firsts(trace.failures for trace in touched))
    for trace in touched:
        _add_spans(rows, trace, book)
        _add_children(rows, trace)
        _add_causes(rows, trace, raised_at)
        _add_chain(rows, trace)
    return [template.on(rows[template]) for template in ORDER if rows[template]]


def _add_spans(rows: Rows, trace: Trace, book: PriceBook) -> None:
    """Add each changed Invocation, and its Model where that is another than before."""
    invocations, models_used = rows[INVOCATIONS], rows[MODEL_USED]
    for span_id, before in trace.changed.items():
        key = trace.key(span_id)
        row = invocation_row(trace.trace_id, key, trace.span(span_id), book)
        invocations.append(row)
        if before is None:
            models_used.append(ModelUseRow(row.model_id, key))
        elif before.model_id != row.model_id:
            rows[MODEL_CHANGED].append(KeyRow(key))
            models_used.append(ModelUseRow(row.model_id, key))


def _add_children(rows: Rows, trace: Trace) -> None:
    """Add spans whose parent is another than before, or has come only now."""
    found = dict(trace.found_parent)
    for span_id, before in trace.changed.items():
        was = before.parent if before else None
        if was != trace.span(span_id).parent:
            found[span_id] = None
            if was is not None:
                rows[PARENT_CHANGED].append(KeyRow(trace.key(span_id)))
    for span_id in found:
        if parent := trace.parent_of(span_id):
            rows[CHILDREN].append(ChildRow(trace.key(span_id), trace.key(parent)))


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


def _add_chain(rows: Rows, trace: Trace) -> None:
    """Add the spans whose neighbours are others than before."""
    rows[SUCCESSOR_CHANGED].extend(KeyRow(trace.key(span_id)) for span_id in trace.chain.cut())
    rows[SUCCESSORS].extend(
        SuccessorRow(trace.key(span_id), trace.key(successor), duration_ms)
        for span_id, successor, duration_ms in trace.chain.joined()
    )
