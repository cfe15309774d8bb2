import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import web
from opentelemetry.baggage import get_all
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from workers.config.settings import OtelSettings
from workers.core.record import ConsumedRecord, Headers
from workers.observe.spans import GETTER, MAX_LINKS, PROPAGATOR, OtelTracing, producer_contexts
from workers.observe.tracing import configure_tracing

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
TRACEPARENT = ("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-01".encode())


class Collected(OtelTracing):
    """Tracing whose finished spans a test can read."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        super().__init__("memory-graph", self.exporter)

    def spans(self) -> tuple[ReadableSpan, ...]:
        self.shutdown()
        return self.exporter.get_finished_spans()


@pytest.fixture
def tracing() -> Iterator[Collected]:
    it = Collected()
    yield it
    it.shutdown()


def _record(offset: int, *headers: tuple[str, bytes | None]) -> ConsumedRecord:
    return ConsumedRecord("llm-telemetry-events", 3, offset, 0, b"key", b"value", headers)


def test_a_batch_is_one_consumer_span_with_kafkas_attributes(tracing: Collected) -> None:
    with tracing.batch("telemetry", "memory-graph-telemetry", [_record(7), _record(8), _record(9)]):
        pass

    (span,) = tracing.spans()
    assert (span.name, span.kind) == ("process llm-telemetry-events", SpanKind.CONSUMER)
    assert span.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "llm-telemetry-events",
        "messaging.destination.partition.id": "3",
        "messaging.consumer.group.name": "memory-graph-telemetry",
        "messaging.batch.message_count": 3,
        "messaging.kafka.offset": 7,
        "memory_graph.last_offset": 9,
        "memory_graph.worker": "telemetry",
    }
    assert span.resource.attributes["service.name"] == "memory-graph"
    assert span.resource.attributes["service.version"]


def test_a_producers_context_goes_through_real_headers_into_a_link(tracing: Collected) -> None:
    headers: Headers = [("content-type", b"avro")]
    with tracing.batch("sample", "none", [_record(0)]):
        tracing.inject(headers, {"model_id": "gpt-4o", "provider": "openai"})
    with tracing.batch("telemetry", "group", [_record(1), _record(2, *headers)]):
        pass

    producer, consumer = tracing.spans()
    assert producer.context is not None
    (link,) = consumer.links
    assert link.context.trace_id == producer.context.trace_id
    assert link.context.span_id == producer.context.span_id
    assert link.context.is_remote
    assert headers[0] == ("content-type", b"avro")
    assert get_all(PROPAGATOR.extract(headers, getter=GETTER)) == {"model_id": "gpt-4o", "provider": "openai"}


def test_the_context_that_a_record_came_with_is_not_replaced(tracing: Collected) -> None:
    headers: Headers = [TRACEPARENT]
    with tracing.batch("telemetry", "group", [_record(0)]):
        tracing.inject(headers)

    assert headers == [TRACEPARENT]


@pytest.mark.parametrize(
    "header",
    [
        ("traceparent", None),
        ("traceparent", b""),
        ("traceparent", b"\xff\xfe"),
        ("traceparent", b"not-a-context"),
        ("traceparent", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01"),
        ("baggage", b"\xff"),
    ],
)
def test_unreadable_headers_make_no_link_and_no_error(header: tuple[str, bytes | None]) -> None:
    assert producer_contexts([_record(1, header)]) == []
    assert len(producer_contexts([_record(1, header), _record(2, TRACEPARENT)])) == 1


def test_a_context_seen_many_times_is_linked_once() -> None:
    (context,) = producer_contexts([_record(offset, TRACEPARENT) for offset in range(10)])

    assert f"{context.trace_id:032x}" == TRACE_ID
    assert f"{context.span_id:016x}" == SPAN_ID


@pytest.mark.parametrize("size", [1, MAX_LINKS, MAX_LINKS + 1, 1_000])
def test_links_are_a_bounded_sample_of_the_whole_batch(size: int) -> None:
    records = [
        _record(offset, ("traceparent", f"00-{offset + 1:032x}-{SPAN_ID}-01".encode())) for offset in range(size)
    ]

    contexts = producer_contexts(records)

    assert min(size, MAX_LINKS // 2) <= len(contexts) <= MAX_LINKS
    assert max(context.trace_id for context in contexts) > size * 0.9


def test_traces_that_events_name_are_linked_where_they_are_w3c_ids(tracing: Collected) -> None:
    with tracing.batch("telemetry", "group", [_record(0)]) as span:
        span.link_traces([TRACE_ID, None, "trace-1", TRACE_ID, TRACE_ID.upper(), "z" * 32])

    (finished,) = tracing.spans()
    (link,) = finished.links
    assert f"{link.context.trace_id:032x}" == TRACE_ID
    assert link.attributes == {"llm.trace_id": TRACE_ID}


def test_an_error_inside_marks_the_span_and_passes_on(tracing: Collected) -> None:
    with pytest.raises(RuntimeError), tracing.batch("telemetry", "group", [_record(0)]):
        raise RuntimeError("no database")

    (span,) = tracing.spans()
    assert span.status.status_code is StatusCode.ERROR


@pytest.fixture
async def collector() -> AsyncIterator[tuple[str, list[ExportTraceServiceRequest]]]:
    received: list[ExportTraceServiceRequest] = []

    async def collect(request: web.Request) -> web.Response:
        received.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/traces", collect)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", received
    await runner.cleanup()


async def test_spans_reach_a_collector_over_otlp(collector: tuple[str, list[ExportTraceServiceRequest]]) -> None:
    endpoint, received = collector
    tracing = configure_tracing(OtelSettings(endpoint=endpoint))
    with tracing.batch("telemetry", "group", [_record(0, TRACEPARENT)]):
        pass
    await asyncio.to_thread(tracing.shutdown)

    (span,) = received[0].resource_spans[0].scope_spans[0].spans
    assert span.name == "process llm-telemetry-events"
    assert span.links[0].trace_id.hex() == TRACE_ID
