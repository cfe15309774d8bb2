"""The state of a span that its Invocation stores beside its properties."""

from collections.abc import Iterator

from workers.core.node_key import invocation_key
from workers.ops.graph_check.compare import Difference
from workers.ops.graph_check.content import Found
from workers.ops.graph_check.finding import Kind, Node
from workers.ops.graph_check.traces.folded import FoldedTrace
from workers.pipelines.telemetry.fold.span import Span

STATE = "folded"


def state_differences(folded: FoldedTrace, found: Found) -> Iterator[Difference]:
    """Yield each Invocation whose state is not that of its records. Without one, the properties are the state."""
    for span_id, span in folded.trace.spans.items():
        node: Node = ("Invocation", invocation_key(folded.trace_id, span_id))
        if node in found.nodes and not _is_same(span, stored := found.folded.get(node)):
            size = "none" if stored is None else f"{len(stored):,} bytes" if isinstance(stored, bytes) else "no bytes"
            yield Difference(Kind.PROPERTY, node, STATE, "the state of its records", f"another state: {size}")


def _is_same(span: Span, stored: object) -> bool:
    try:
        return span.stored() is None if stored is None else Span.restore(stored) == span
    except Exception:  # noqa: BLE001 - whatever else somebody has put there
        return False
