"""Tracing with OpenTelemetry. Import it only where spans are exported: the libraries take half a second.

``opentelemetry-instrumentation-kafka-python`` patches kafka-python's clients, which this project does not use. Its
getter and setter of Kafka headers are used here.
Attribute names are OpenTelemetry's semantic conventions for messaging (Kafka).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TypeVar

from opentelemetry import baggage as otel_baggage
from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.kafka.utils import KafkaContextGetter, KafkaContextSetter
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.semconv._incubating.attributes import messaging_attributes as messaging
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from workers.core.record import Headers, Record

ItemT = TypeVar("ItemT")

MAX_LINKS = 16
"""Links of each kind on one batch span: an even sample of the batch."""

TRACE_ID = re.compile(r"[0-9a-f]{32}")
PROPAGATOR = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
GETTER: KafkaContextGetter[Sequence[tuple[str, bytes | None]]] = KafkaContextGetter()
SETTER: KafkaContextSetter[Headers] = KafkaContextSetter()


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Return the exporter to a collector's base address, as ``OTEL_EXPORTER_OTLP_ENDPOINT`` names it."""
    path = "/v1/traces"
    return OTLPSpanExporter(endpoint=endpoint if endpoint.endswith(path) else endpoint.rstrip("/") + path)


class OtelTracing:
    """``Tracing`` through a provider of its own; nothing global is touched."""

    def __init__(self, service_name: str, exporter: SpanExporter) -> None:
        resource = Resource.create({SERVICE_NAME: service_name, SERVICE_VERSION: version("memory-graph-workers")})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("workers")

    @contextmanager
    def batch(self, worker: str, group: str, records: Sequence[Record]) -> Iterator["OtelBatchSpan"]:
        topic = records[0].topic
        with self._tracer.start_as_current_span(
            f"process {topic}",
            kind=SpanKind.CONSUMER,
            attributes=_attributes(worker, group, records),
            links=[Link(context) for context in producer_contexts(records)],
        ) as span:
            yield OtelBatchSpan(span)

    def inject(self, headers: Headers, baggage: Mapping[str, str] | None = None) -> None:
        if any(key == "traceparent" for key, _ in headers):
            return  # readers take the first one, which the record already has
        context = None
        for key, value in (baggage or {}).items():
            context = otel_baggage.set_baggage(key, value, context)
        PROPAGATOR.inject(headers, context, SETTER)

    def shutdown(self) -> None:
        self._provider.shutdown()


class OtelBatchSpan:
    """``BatchSpan`` over an OpenTelemetry span."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def link_traces(self, trace_ids: Iterable[str | None]) -> None:
        if not self._span.is_recording():
            return
        for trace_id in _sample(list(dict.fromkeys(trace_ids))):
            if trace_id is None or not TRACE_ID.fullmatch(trace_id):
                continue
            # The span id of the event is none of OpenTelemetry's: 0.
            context = SpanContext(int(trace_id, 16), 0, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            self._span.add_link(context, {"llm.trace_id": trace_id})


def producer_contexts(records: Sequence[Record]) -> list[SpanContext]:
    """Return the distinct contexts that the headers of a sample of ``records`` carry; unreadable ones carry none."""
    found: dict[tuple[int, int], SpanContext] = {}
    for record in _sample(records):
        try:
            context = PROPAGATOR.extract(record.headers, Context(), GETTER)
        except UnicodeDecodeError:
            continue  # producers may write any bytes there, which is no reason to reject the record
        span_context = trace.get_current_span(context).get_span_context()
        if span_context.is_valid:
            found[span_context.trace_id, span_context.span_id] = span_context
    return list(found.values())


def _attributes(worker: str, group: str, records: Sequence[Record]) -> dict[str, AttributeValue]:
    return {
        messaging.MESSAGING_SYSTEM: "kafka",
        messaging.MESSAGING_OPERATION_NAME: "process",
        messaging.MESSAGING_OPERATION_TYPE: "process",
        messaging.MESSAGING_DESTINATION_NAME: records[0].topic,
        messaging.MESSAGING_DESTINATION_PARTITION_ID: str(records[0].partition),
        messaging.MESSAGING_CONSUMER_GROUP_NAME: group,
        messaging.MESSAGING_BATCH_MESSAGE_COUNT: len(records),
        messaging.MESSAGING_KAFKA_OFFSET: records[0].offset,
        "memory_graph.last_offset": records[-1].offset,
        "memory_graph.worker": worker,
    }


def _sample(items: Sequence[ItemT]) -> Sequence[ItemT]:
    return items[:: max(1, -(-len(items) // MAX_LINKS))]
