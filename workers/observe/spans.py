"""Tracing with OpenTelemetry. Import it only where spans are exported: the libraries take half a second.

``opentelemetry-instrumentation-kafka-python`` patches kafka-python's clients, which this project does not use. Its
getter and setter of Kafka headers are used here.
Attribute names are OpenTelemetry's semantic conventions for messaging (Kafka), databases and errors.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
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
from opentelemetry.semconv.attributes import db_attributes, error_attributes
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue
from structlog.contextvars import bound_contextvars

from workers.config.settings import OtlpProtocol
from workers.core.record import Headers, Record

ItemT = TypeVar("ItemT")

MAX_LINKS = 16
"""Links of each kind on one batch span: an even sample of the batch."""

BAGGAGE_KEYS = ("model_id", "provider", "event_type")
"""What a link keeps of its producer's baggage. Anything may be in there, also what must not leave the producer."""

TRACE_ID = re.compile(r"[0-9a-f]{32}")
PROPAGATOR = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
GETTER: KafkaContextGetter[Sequence[tuple[str, bytes | None]]] = KafkaContextGetter()
SETTER: KafkaContextSetter[Headers] = KafkaContextSetter()


def otlp_exporter(endpoint: str, protocol: OtlpProtocol) -> SpanExporter:
    """Return the exporter to a collector's base address, as ``OTEL_EXPORTER_OTLP_ENDPOINT`` names it."""
    if protocol is OtlpProtocol.GRPC:
        from opentelemetry.exporter.otlp.proto.grpc import trace_exporter  # noqa: PLC0415 - loads gRPC's C library

        return trace_exporter.OTLPSpanExporter(endpoint=endpoint)
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
        name, attributes = f"process {records[0].topic}", _attributes(worker, group, records)
        with self._span(name, SpanKind.CONSUMER, attributes, producer_links(records)) as span, _logged(span):
            yield OtelBatchSpan(span)

    @contextmanager
    def step(self, worker: str, job: str, topic: str | None) -> Iterator[None]:
        attributes: dict[str, AttributeValue] = {"memory_graph.worker": worker, "memory_graph.job": job}
        if topic is not None:
            attributes |= {
                messaging.MESSAGING_SYSTEM: "kafka",
                messaging.MESSAGING_OPERATION_NAME: "send",
                messaging.MESSAGING_OPERATION_TYPE: "send",
                messaging.MESSAGING_DESTINATION_NAME: topic,
            }
        kind = SpanKind.INTERNAL if topic is None else SpanKind.PRODUCER
        with self._span(f"step {job}", kind, attributes) as span, _logged(span):
            yield

    @contextmanager
    def transaction(self, database: str, operation: str) -> Iterator[None]:
        if not trace.get_current_span().get_span_context().is_valid:
            yield  # a claim, or a look at the watermarks every few seconds: traces of their own would be noise
            return
        attributes = {
            db_attributes.DB_SYSTEM_NAME: "neo4j",
            db_attributes.DB_NAMESPACE: database,
            db_attributes.DB_OPERATION_NAME: operation,
        }
        with self._span(f"{operation} {database}", SpanKind.CLIENT, attributes):
            yield

    def inject(self, headers: Headers, baggage: Mapping[str, str] | None = None) -> None:
        present = {key for key, value in headers if value is not None}
        if "traceparent" in present:
            return  # readers take the first one, which the record already has
        context = None
        for key, value in (baggage or {}).items() if "baggage" not in present else ():
            context = otel_baggage.set_baggage(key, value, context)
        PROPAGATOR.inject(headers, context, SETTER)

    def shutdown(self) -> None:
        self._provider.shutdown()

    @contextmanager
    def _span(
        self, name: str, kind: SpanKind, attributes: Mapping[str, AttributeValue], links: Sequence[Link] = ()
    ) -> Iterator[Span]:
        """Open a span. Of an error it keeps the type alone, of a driver's error that we have classified the driver's.

        Messages and tracebacks quote what records hold.
        """
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, links=links, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except Exception as error:
                kind_of_error = type(error.__cause__ or error)
                span.set_attribute(
                    error_attributes.ERROR_TYPE, f"{kind_of_error.__module__}.{kind_of_error.__qualname__}"
                )
                span.set_status(StatusCode.ERROR)
                raise


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


def producer_links(records: Sequence[Record]) -> list[Link]:
    """Return links to the distinct contexts that a sample of ``records`` carries, with what they say in baggage.

    Unreadable headers carry none.
    """
    found: dict[tuple[int, int], Link] = {}
    for record in _sample(records):
        try:
            context = PROPAGATOR.extract(record.headers, Context(), GETTER)
        except UnicodeDecodeError:
            continue  # producers may write any bytes there, which is no reason to reject the record
        span_context = trace.get_current_span(context).get_span_context()
        if span_context.is_valid:
            baggage = otel_baggage.get_all(context)
            kept = {key: str(baggage[key]) for key in BAGGAGE_KEYS if key in baggage}
            found[span_context.trace_id, span_context.span_id] = Link(span_context, kept)
    return list(found.values())


def _logged(span: Span) -> AbstractContextManager[None]:
    """Return what puts the ids of a span on every log line inside it."""
    context = span.get_span_context()
    return bound_contextvars(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}")


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
