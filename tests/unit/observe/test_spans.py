from collections.abc import Iterator

import pytest
from opentelemetry.baggage import get_all
from opentelemetry.trace import SpanKind, StatusCode
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.unit.observe.collected import SPAN_ID, TRACE_ID, TRACEPARENT, Collected, ids, traceparent
from tests.unit.observe.collected import consumed as _record
from workers.core.record import Headers
from workers.observe.log import get_logger
from workers.observe.spans import GETTER, MAX_LINKS, PROPAGATOR, producer_links


@pytest.fixture
def tracing() -> Iterator[Collected]:
    it = Collected()
    yield it
    it.shutdown()


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
    assert link.attributes == {"model_id": "gpt-4o", "provider": "openai"}
    assert get_all(PROPAGATOR.extract(headers, getter=GETTER)) == {"model_id": "gpt-4o", "provider": "openai"}


def test_a_link_keeps_only_the_known_keys_of_its_producers_baggage() -> None:
    baggage = ("baggage", b"event_type=request.started,user=ada,model_id=gpt%204,prompt=never%20shown")

    (link,) = producer_links([_record(1, TRACEPARENT, baggage)])

    assert link.attributes == {"event_type": "request.started", "model_id": "gpt 4"}


def test_the_context_that_a_record_came_with_is_not_replaced(tracing: Collected) -> None:
    headers: Headers = [TRACEPARENT]
    with tracing.batch("telemetry", "group", [_record(0)]):
        tracing.inject(headers)

    assert headers == [TRACEPARENT]


def test_a_header_without_a_value_is_no_context(tracing: Collected) -> None:
    headers: Headers = [("traceparent", None)]
    with tracing.batch("telemetry", "group", [_record(0)]):
        tracing.inject(headers)

    (span,) = tracing.spans()
    assert headers == [("traceparent", None), traceparent(span)]


def test_the_baggage_that_a_record_came_with_stays_alone(tracing: Collected) -> None:
    headers: Headers = [("baggage", b"model_id=theirs")]
    with tracing.batch("telemetry", "group", [_record(0)]):
        tracing.inject(headers, {"model_id": "ours"})

    (span,) = tracing.spans()
    assert headers == [("baggage", b"model_id=theirs"), traceparent(span)]


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
    assert producer_links([_record(1, header)]) == []
    assert len(producer_links([_record(1, header), _record(2, TRACEPARENT)])) == 1


def test_a_context_seen_many_times_is_linked_once() -> None:
    (link,) = producer_links([_record(offset, TRACEPARENT) for offset in range(10)])

    assert f"{link.context.trace_id:032x}" == TRACE_ID
    assert f"{link.context.span_id:016x}" == SPAN_ID
    assert not link.attributes


@pytest.mark.parametrize("size", [1, MAX_LINKS, MAX_LINKS + 1, 1_000])
def test_links_are_a_bounded_sample_of_the_whole_batch(size: int) -> None:
    records = [
        _record(offset, ("traceparent", f"00-{offset + 1:032x}-{SPAN_ID}-01".encode())) for offset in range(size)
    ]

    links = producer_links(records)

    assert min(size, MAX_LINKS // 2) <= len(links) <= MAX_LINKS
    assert max(link.context.trace_id for link in links) > size * 0.9


def test_traces_that_events_name_are_linked_where_they_are_w3c_ids(tracing: Collected) -> None:
    with tracing.batch("telemetry", "group", [_record(0)]) as span:
        span.link_traces([TRACE_ID, None, "trace-1", TRACE_ID, TRACE_ID.upper(), "z" * 32])

    (finished,) = tracing.spans()
    (link,) = finished.links
    assert f"{link.context.trace_id:032x}" == TRACE_ID
    assert link.attributes == {"llm.trace_id": TRACE_ID}


def test_an_error_inside_marks_the_span_with_its_type_alone_and_passes_on(tracing: Collected) -> None:
    with (
        pytest.raises(RuntimeError),
        tracing.batch("telemetry", "group", [_record(0)]),
        tracing.transaction("neo4j", "write"),
    ):
        raise RuntimeError("Neo4j quotes what a record holds")

    for span in tracing.spans():
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == "builtins.RuntimeError"
        assert "quotes" not in span.to_json()


def test_a_transaction_is_a_client_span_inside_its_batch(tracing: Collected) -> None:
    with tracing.batch("telemetry", "group", [_record(0)]), tracing.transaction("llm", "write"):
        pass

    transaction, batch = tracing.spans()
    assert (transaction.name, transaction.kind, transaction.parent) == ("write llm", SpanKind.CLIENT, batch.context)
    assert transaction.attributes == {"db.system.name": "neo4j", "db.namespace": "llm", "db.operation.name": "write"}


def test_a_transaction_outside_of_a_batch_makes_no_trace_of_its_own(tracing: Collected) -> None:
    with tracing.transaction("llm", "claim"):
        pass

    assert tracing.spans() == ()


def test_a_step_that_publishes_is_a_producer_span_and_its_record_goes_on_in_it(tracing: Collected) -> None:
    headers: Headers = []
    with tracing.step("registry", "usage_reports", "llm-usage-stats"):
        tracing.inject(headers, {"model_id": "gpt-4o"})

    (step,) = tracing.spans()
    assert (step.name, step.kind) == ("step usage_reports", SpanKind.PRODUCER)
    assert step.attributes == {
        "memory_graph.worker": "registry",
        "memory_graph.job": "usage_reports",
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "llm-usage-stats",
    }
    assert headers == [traceparent(step), ("baggage", b"model_id=gpt-4o")]


def test_a_step_that_publishes_nothing_is_an_internal_span(tracing: Collected) -> None:
    with tracing.step("registry", "models_count", None):
        pass

    (step,) = tracing.spans()
    assert step.kind is SpanKind.INTERNAL
    assert step.attributes == {"memory_graph.worker": "registry", "memory_graph.job": "models_count"}


def test_log_lines_inside_name_the_span_of_their_batch_or_step(tracing: Collected) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        with tracing.batch("telemetry", "group", [_record(0)]), tracing.transaction("neo4j", "write"):
            get_logger("test").info("in the batch")
        with tracing.step("registry", "models_count", None):
            get_logger("test").info("in the step")
        get_logger("test").info("outside")

    _, batch, step = tracing.spans()
    named = [{key: line[key] for key in ("trace_id", "span_id") if key in line} for line in lines]
    assert named == [ids(batch), ids(step), {}]
