"""The events of some traces of one partition, folded by the worker's own fold."""

from collections.abc import Iterable

from workers.core.node_key import invocation_key
from workers.core.record import Record
from workers.core.worker import KeyedState
from workers.ops.graph_check.finding import Node
from workers.pipelines.telemetry.events import Event
from workers.pipelines.telemetry.fold.trace import Trace

Name = tuple[str, str]
"""trace_id and an empty text; of an aggregate without a trace an empty text and its event_id."""


class FoldedTrace:
    """One trace as its records make it, and the offset of the record that named each span first.

    An aggregate without a trace is one of its own; its ``trace_id`` is empty.
    """

    __slots__ = ("key", "offsets", "trace", "trace_id")

    def __init__(self, key: bytes, trace_id: str) -> None:
        self.key = key
        self.trace_id = trace_id
        self.trace = Trace()
        self.offsets: dict[Node, int] = {}

    def note(self, event: Event, offset: int) -> None:
        """Note where the span of an event came from."""
        if event.trace_id:
            self.offsets.setdefault(("Invocation", invocation_key(event.trace_id, event.span_id)), offset)


def fold_into(
    traces: dict[Name, FoldedTrace], state: KeyedState[Event, Trace], events: Iterable[tuple[Record, Event]]
) -> set[Name]:
    """Fold events over their traces, and add those that are new. Return which traces got any."""
    touched: set[Name] = set()
    for record, event in events:
        trace_id = state.key(event)
        name = (trace_id, "") if trace_id is not None else ("", event.event_id)
        folded = traces.get(name) or traces.setdefault(name, FoldedTrace(record.key or b"", trace_id or ""))
        folded.note(event, record.offset)
        state.fold(folded.trace, event, record.offset)
        touched.add(name)
    return touched
