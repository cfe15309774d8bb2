import subprocess
import sys

from workers.config.settings import OtelSettings
from workers.core.record import ConsumedRecord, Headers
from workers.observe.spans import OtelTracing
from workers.observe.tracing import NoTracing, configure_tracing


def test_without_an_endpoint_nothing_is_traced_and_headers_stay_as_they_are() -> None:
    tracing = configure_tracing(OtelSettings())
    headers: Headers = [("a", b"1")]

    with tracing.batch("telemetry", "group", [ConsumedRecord("t", 0, 1, 2, None, None)]) as span:
        span.link_traces(["f" * 32])
        tracing.inject(headers)
    tracing.shutdown()

    assert isinstance(tracing, NoTracing)
    assert headers == [("a", b"1")]


def test_without_an_endpoint_opentelemetry_is_not_even_imported() -> None:
    program = (
        "import sys; from workers.config.settings import OtelSettings;"
        "from workers.observe.tracing import configure_tracing; configure_tracing(OtelSettings());"
        "sys.exit(any(name.startswith(('opentelemetry', 'kafka')) for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_endpoint_turns_tracing_on() -> None:
    tracing = configure_tracing(OtelSettings(endpoint="http://127.0.0.1:4318"))

    assert isinstance(tracing, OtelTracing)
    tracing.shutdown()
