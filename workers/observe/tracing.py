"""Spans: one for each batch and each step of a job, and inside it one for each transaction of the graph.

A batch's span is linked to the traces of producers and events. Without a collector all of it costs nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from workers.config.settings import OtelSettings
from workers.core.record import Headers, Record

TRACEPARENT = re.compile(rb"[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?[ \t]*")
"""Version, trace id, span id, flags, and what later versions may add: https://www.w3.org/TR/trace-context/."""


class BatchSpan(Protocol):
    """The span around one batch, while it is open."""

    def link_traces(self, trace_ids: Iterable[str | None]) -> None:
        """Link the traces that the batch's events name, as far as they are W3C trace ids (32 hex digits)."""
        ...


class Tracing(Protocol):
    """Creates spans, and carries their context in Kafka headers.

    Log lines inside the span of a batch or a step have its ``trace_id`` and ``span_id``.
    """

    def batch(self, worker: str, group: str, records: Sequence[Record]) -> AbstractContextManager[BatchSpan]:
        """Open the span of one batch: records of one partition, at least one, in offset order."""
        ...

    def step(self, worker: str, job: str, topic: str | None) -> AbstractContextManager[object]:
        """Open the span of one step of a job; ``topic`` is where it publishes, if it does."""
        ...

    def transaction(self, database: str, operation: str) -> AbstractContextManager[object]:
        """Open the span of one transaction of the graph; outside of a batch and a step there is none."""
        ...

    def inject(self, headers: Headers, baggage: Mapping[str, str] | None = None) -> None:
        """Append the current context to the headers of a record to be produced, unless they carry one already."""
        ...

    def shutdown(self) -> None:
        """Send what has not been sent, for at most a few seconds."""
        ...


class NoTracing:
    """Tracing without a collector; it is also its own span."""

    def batch(self, worker: str, group: str, records: Sequence[Record]) -> Self:  # noqa: ARG002 - there is no collector
        return self

    def step(self, worker: str, job: str, topic: str | None) -> Self:  # noqa: ARG002 - same reason as above
        return self

    def transaction(self, database: str, operation: str) -> Self:  # noqa: ARG002 - same reason as above
        return self

    def inject(self, headers: Headers, baggage: Mapping[str, str] | None = None) -> None: ...

    def shutdown(self) -> None: ...

    def link_traces(self, trace_ids: Iterable[str | None]) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        return None


NO_TRACING = NoTracing()


def configure_tracing(settings: OtelSettings) -> Tracing:
    """Return tracing that exports over OTLP to ``settings.endpoint``, or that does nothing without one."""
    if settings.endpoint is None:
        return NO_TRACING
    from workers.observe.spans import OtelTracing, otlp_exporter  # noqa: PLC0415 - 0.5 s that most processes save

    return OtelTracing(settings.service_name, otlp_exporter(settings.endpoint, settings.spoken_protocol))


def ids_of(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Return the ``trace_id`` and ``span_id`` of a record's valid ``traceparent``, for a log line; else nothing.

    It reads as OpenTelemetry's propagator does, which is not imported while no spans are exported.
    """
    header = next((value for name, value in headers if name == "traceparent" and value is not None), b"")
    found = TRACEPARENT.fullmatch(header)
    if found is None:
        return {}
    version, trace_id, span_id, more = found.groups()
    if version == b"ff" or (version == b"00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return {}
    return {"trace_id": trace_id.decode(), "span_id": span_id.decode()}
