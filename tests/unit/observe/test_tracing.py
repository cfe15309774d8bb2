import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.context import Context

from tests.unit.observe.collected import SPAN_ID, TRACE_ID
from workers.config.settings import OtelSettings
from workers.core.record import ConsumedRecord, Headers
from workers.observe.spans import GETTER, PROPAGATOR, OtelTracing
from workers.observe.tracing import NoTracing, configure_tracing, ids_of


def test_without_an_endpoint_nothing_is_traced_and_headers_stay_as_they_are() -> None:
    tracing = configure_tracing(OtelSettings())
    headers: Headers = [("a", b"1")]

    with tracing.batch("telemetry", "group", [ConsumedRecord("t", 0, 1, 2, None, None)]) as span:
        span.link_traces(["f" * 32])
        with tracing.transaction("neo4j", "write"), tracing.step("telemetry", "job", None):
            tracing.inject(headers, {"model_id": "gpt-4o"})
    tracing.shutdown()

    assert isinstance(tracing, NoTracing)
    assert headers == [("a", b"1")]


def test_without_an_endpoint_opentelemetry_is_not_even_imported() -> None:
    program = (
        "import sys; from workers.config.settings import OtelSettings;"
        "from workers.observe.tracing import configure_tracing; configure_tracing(OtelSettings());"
        "sys.exit(any(name.startswith(('opentelemetry', 'kafka', 'grpc')) for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_endpoint_turns_tracing_on() -> None:
    tracing = configure_tracing(OtelSettings(endpoint="http://127.0.0.1:4318"))

    assert isinstance(tracing, OtelTracing)
    tracing.shutdown()


@pytest.mark.parametrize(
    ("header", "valid"),
    [
        (f"00-{TRACE_ID}-{SPAN_ID}-01", True),
        (f"00-{TRACE_ID}-{SPAN_ID}-00", True),
        (f"\t00-{TRACE_ID}-{SPAN_ID}-01 ", True),
        (f"7e-{TRACE_ID}-{SPAN_ID}-01-of a later version", True),
        (f"00-{TRACE_ID}-{SPAN_ID}-01-more", False),
        (f"ff-{TRACE_ID}-{SPAN_ID}-01", False),
        (f"00-{'0' * 32}-{SPAN_ID}-01", False),
        (f"00-{TRACE_ID}-{'0' * 16}-01", False),
        (f"00-{TRACE_ID.upper()}-{SPAN_ID}-01", False),
        (f"00-{TRACE_ID}-{SPAN_ID}", False),
        ("", False),
    ],
)
def test_the_ids_of_a_record_are_what_opentelemetry_reads(header: str, *, valid: bool) -> None:
    headers: Headers = [("traceparent", None), ("traceparent", header.encode()), ("traceparent", b"a second one")]

    context = trace.get_current_span(PROPAGATOR.extract(headers, Context(), GETTER)).get_span_context()

    assert context.is_valid == valid
    assert ids_of(headers) == ({"trace_id": TRACE_ID, "span_id": SPAN_ID} if valid else {})


def test_a_record_without_readable_headers_has_no_ids() -> None:
    assert ids_of([]) == {}
    assert ids_of([("traceparent", b"\xff\xfe"), ("other", None)]) == {}
