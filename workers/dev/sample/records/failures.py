"""Failures of spans, and how a failure reaches the parent span that waits."""

from random import Random
from typing import NamedTuple

from workers.dev.sample.records.ids import event_id
from workers.dev.sample.records.span import Failure, Operation, Span, Status, Trace

FAILURE_SHARE = 0.025
FAILURE_SHARE_OF_RETRIES = 0.35
CLIMBS_SHARE = 0.7
NAMES_ITS_CAUSE_SHARE = 0.5
TIMEOUT_MS = 30_000.0


class Kind(NamedTuple):
    """A kind of failure, in the words of the providers' APIs. ``weight`` is relative."""

    error_type: str
    message: str
    severity: str
    weight: float
    retryable: bool


TIMEOUT = Kind("timeout", "No token for 30 s, the client gave up.", "high", 2, retryable=True)
KINDS = (
    Kind("overloaded_error", "The provider is overloaded: HTTP 529.", "medium", 5, retryable=True),
    Kind("server_error", "The provider failed while it streamed: HTTP 500.", "medium", 4, retryable=True),
    Kind("connection_error", "The connection was reset while it streamed.", "medium", 3, retryable=True),
    Kind("content_filter", "The provider's content filter cut the answer off.", "low", 2, retryable=False),
    TIMEOUT,
)
TOOL_ARGUMENTS = Kind(
    "invalid_tool_arguments", "The arguments do not fit the tool's schema.", "medium", 4, retryable=True
)
RETRYABLE = frozenset(kind.error_type for kind in (*KINDS, TOOL_ARGUMENTS) if kind.retryable)


def maybe_fail(random: Random, span: Span) -> None:
    """Let some spans fail, more often if they are retries. After a timeout the span ends when the client gives up."""
    share = FAILURE_SHARE if span.retry_of is None else FAILURE_SHARE_OF_RETRIES
    if random.random() >= share:
        return
    kinds = (*KINDS, TOOL_ARGUMENTS) if span.operation is Operation.EXECUTE_TOOL else KINDS
    kind = random.choices(kinds, weights=[each.weight for each in kinds])[0]
    status = Status.TIMEOUT if kind is TIMEOUT else Status.ERROR
    span.failure = Failure(status, kind.error_type, kind.message, kind.severity, event_id(random))
    if kind is TIMEOUT and span.call.latency_ms is None:
        span.own_ms = TIMEOUT_MS


def climb(random: Random, trace: Trace) -> None:
    """Let parent spans fail when a child failed and no retry succeeded.

    Half of these errors name their cause; for the others, only the span tree shows it.
    """
    for span in reversed(trace.spans):  # children come after their parents
        if span.failure is not None:
            continue
        cause = next((child.failure for child in span.children if child.failure and not child.retried), None)
        if cause is None or random.random() >= CLIMBS_SHARE:
            continue
        span.failure = Failure(
            Status.ERROR,
            error_type="agent_error" if span.parent is None else "dependency_error",
            message=f"A call that this one waited for failed: {cause.error_type}.",
            severity="critical" if span.parent is None else "high",
            error_id=event_id(random),
            caused_by=cause.error_id if random.random() < NAMES_ITS_CAUSE_SHARE else None,
        )
