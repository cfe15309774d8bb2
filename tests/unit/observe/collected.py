"""Tracing whose finished spans a test can read."""

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from workers.core.record import ConsumedRecord
from workers.observe.spans import OtelTracing

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
TRACEPARENT = ("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-01".encode())


class Collected(OtelTracing):
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        super().__init__("memory-graph", self.exporter)

    def spans(self) -> tuple[ReadableSpan, ...]:
        """Return the finished spans, in the order in which they ended; there come no more."""
        self.shutdown()
        return self.exporter.get_finished_spans()


def consumed(offset: int, *headers: tuple[str, bytes | None]) -> ConsumedRecord:
    return ConsumedRecord("llm-telemetry-events", 3, offset, 0, b"key", b"value", headers)


def ids(span: ReadableSpan) -> dict[str, str]:
    """Return the ids of a span as log lines have them."""
    assert span.context is not None
    return {"trace_id": f"{span.context.trace_id:032x}", "span_id": f"{span.context.span_id:016x}"}


def traceparent(span: ReadableSpan) -> tuple[str, bytes]:
    """Return the header that names a span."""
    assert span.context is not None
    return "traceparent", f"00-{'-'.join(ids(span).values())}-{span.context.trace_flags:02x}".encode()
