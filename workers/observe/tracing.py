"""Spans: one for each batch, linked to the traces of producers and events. Without a collector it costs nothing."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from workers.config.settings import OtelSettings
from workers.core.record import Headers, Record


class BatchSpan(Protocol):
    """The span around one batch, while it is open."""

    def link_traces(self, trace_ids: Iterable[str | None]) -> None:
        """Link the traces that the batch's events name, as far as they are W3C trace ids (32 hex digits)."""
        ...


class Tracing(Protocol):
    """Creates spans, and carries their context in Kafka headers."""

    def batch(self, worker: str, group: str, records: Sequence[Record]) -> AbstractContextManager[BatchSpan]:
        """Open the span of one batch: records of one partition, at least one, in offset order."""
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

    def inject(self, headers: Headers, baggage: Mapping[str, str] | None = None) -> None: ...

    def shutdown(self) -> None: ...

    def link_traces(self, trace_ids: Iterable[str | None]) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        return None


def configure_tracing(settings: OtelSettings) -> Tracing:
    """Return tracing that exports over OTLP/HTTP to ``settings.endpoint``, or that does nothing without one."""
    if settings.endpoint is None:
        return NoTracing()
    from workers.observe.spans import OtelTracing, otlp_exporter  # noqa: PLC0415 - 0.5 s that most processes save

    return OtelTracing(settings.service_name, otlp_exporter(settings.endpoint))
