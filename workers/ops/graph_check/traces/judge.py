"""Judge one trace: what differs, and whether the topic still has all that it was made of."""

from workers.ops.graph_check.compare import Judged, differences
from workers.ops.graph_check.content import Expected, Found
from workers.ops.graph_check.finding import Kind
from workers.ops.graph_check.traces import by_itself
from workers.ops.graph_check.traces.by_itself import Book, seen_by
from workers.ops.graph_check.traces.folded import FoldedTrace
from workers.ops.graph_check.traces.state import state_differences
from workers.pipelines.telemetry.limits import MAX_AHEAD_MS


def judge(folded: FoldedTrace, expected: Expected, found: Found, kept_since: int | None, book: Book) -> Judged:
    """Compare a trace.

    ``kept_since`` is ``None`` where nothing was ever removed from the topic. An event is dated at most a day ahead:
    what is dated more than a day after that time must have its records.
    """
    every, seen = [*differences(expected, found), *state_differences(folded, found)], folded.trace.seen
    if kept_since is None or not every or not _has_older_events(found, seen, kept_since + MAX_AHEAD_MS):
        return Judged(expected, found, every, is_older=False)
    sure = [each for each in every if each.kind is Kind.MISSING_NODE]
    return Judged(expected, found, [*sure, *by_itself.differences(expected.trace_id, found, book)], is_older=True)


def _has_older_events(found: Found, seen: set[str], before: int) -> bool:
    """Tell whether the graph has an Invocation from before a time with events that the topic does not have."""
    return any(
        node[0] == "Invocation"
        and _may_be_before(properties.get("timestamp"), before)
        and seen_by(properties, found.folded.get(node)) - seen
        for node, properties in found.nodes.items()
    )


def _may_be_before(timestamp: object, before: int) -> bool:
    return not isinstance(timestamp, int) or timestamp <= before
