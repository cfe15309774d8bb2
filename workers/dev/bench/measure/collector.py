"""A trace collector that drops all spans: our worker runs with tracing on."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class _Swallow(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Read the spans, and answer as OTLP over HTTP requires."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing."""


@contextmanager
def collector() -> Iterator[str]:
    """Listen on a free local port; yield the address for ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Swallow)
    Thread(target=server.serve_forever, name="collector", daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
