"""Spans on the wire, against receivers of both protocols in this process."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

import grpc  # type: ignore[import-untyped]  # the package has no types
import pytest
from aiohttp import web
from opentelemetry.baggage import get_all
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.unit.observe.collected import SPAN_ID, TRACE_ID, TRACEPARENT, consumed
from workers.config.settings import OtelSettings, OtlpProtocol
from workers.core.record import Headers
from workers.observe.spans import GETTER, PROPAGATOR
from workers.observe.tracing import Tracing, configure_tracing, ids_of

Requests = list[ExportTraceServiceRequest]


class Collector(NamedTuple):
    """A receiver: how to reach it, and what it has got."""

    settings: OtelSettings
    requests: Requests

    def spans(self) -> dict[str, Span]:
        scopes = [scope for each in self.requests for resource in each.resource_spans for scope in resource.scope_spans]
        return {span.name: span for scope in scopes for span in scope.spans}


@asynccontextmanager
async def over_http(requests: Requests) -> AsyncIterator[str]:
    async def collect(request: web.Request) -> web.Response:
        requests.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/traces", collect)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


class TraceService(TraceServiceServicer):
    """OTLP's own service."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def Export(self, request: ExportTraceServiceRequest, context: object) -> ExportTraceServiceResponse:  # noqa: N802 - OTLP names it
        self._requests.append(request)
        return ExportTraceServiceResponse()


@asynccontextmanager
async def over_grpc(requests: Requests) -> AsyncIterator[str]:
    server = grpc.server(ThreadPoolExecutor(1))
    add_TraceServiceServicer_to_server(TraceService(requests), server)  # type: ignore[no-untyped-call]  # generated code
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}"
    await asyncio.to_thread(server.stop(None).wait)


@pytest.fixture(params=[OtlpProtocol.GRPC, OtlpProtocol.HTTP])
async def collector(request: pytest.FixtureRequest) -> AsyncIterator[Collector]:
    requests: Requests = []
    serving: AbstractAsyncContextManager[str] = {OtlpProtocol.GRPC: over_grpc, OtlpProtocol.HTTP: over_http}[
        request.param
    ](requests)
    async with serving as endpoint:
        yield Collector(OtelSettings(endpoint=endpoint, protocol=request.param), requests)


def attributes(span: "Span | Span.Link") -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


async def shut_down(tracing: Tracing) -> None:
    await asyncio.to_thread(tracing.shutdown)


async def test_a_batch_arrives_with_its_link_the_producers_baggage_and_its_transaction(collector: Collector) -> None:
    tracing = configure_tracing(collector.settings)
    record = consumed(7, TRACEPARENT, ("baggage", b"model_id=gpt-4o,provider=openai,event_type=request.started"))
    with (
        tracing.batch("telemetry", "memory-graph-telemetry", [record]) as span,
        tracing.transaction("llm", "write"),
    ):
        span.link_traces(["f" * 32])
    await shut_down(tracing)

    batch, transaction = (collector.spans()[name] for name in ("process llm-telemetry-events", "write llm"))
    assert (batch.kind, transaction.kind) == (Span.SPAN_KIND_CONSUMER, Span.SPAN_KIND_CLIENT)
    producer, event = batch.links
    assert (producer.trace_id.hex(), producer.span_id.hex()) == (TRACE_ID, SPAN_ID)
    assert attributes(producer) == {"model_id": "gpt-4o", "provider": "openai", "event_type": "request.started"}
    assert (event.trace_id.hex(), attributes(event)) == ("f" * 32, {"llm.trace_id": "f" * 32})
    assert (transaction.trace_id, transaction.parent_span_id) == (batch.trace_id, batch.span_id)
    assert attributes(transaction) == {"db.system.name": "neo4j", "db.namespace": "llm", "db.operation.name": "write"}
    assert attributes(batch).items() >= {"messaging.kafka.offset": 7, "messaging.system": "kafka"}.items()
    assert batch.parent_span_id == b""


async def test_a_record_that_a_step_published_names_the_span_that_arrives(collector: Collector) -> None:
    tracing, headers = configure_tracing(collector.settings), Headers()
    with tracing.step("registry", "usage_reports", "llm-usage-stats"):
        tracing.inject(headers, {"model_id": "openai/gpt 4", "provider": "openai"})
    await shut_down(tracing)

    step = collector.spans()["step usage_reports"]
    assert ids_of(headers) == {"trace_id": step.trace_id.hex(), "span_id": step.span_id.hex()}
    assert get_all(PROPAGATOR.extract(headers, getter=GETTER)) == {"model_id": "openai/gpt 4", "provider": "openai"}


async def test_the_service_is_named(collector: Collector) -> None:
    tracing = configure_tracing(collector.settings.model_copy(update={"service_name": "telemetry-worker"}))
    with tracing.step("registry", "models_count", None):
        pass
    await shut_down(tracing)

    (resource,) = collector.requests[0].resource_spans
    named = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert named["service.name"] == "telemetry-worker"
