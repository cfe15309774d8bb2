"""A server that refuses every request and repeats what it got, and keeps the spans that it gets over OTLP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACES = "/v1/traces"


class Echo(ThreadingHTTPServer):
    """``spans`` are the bodies of OTLP requests, ``asked`` the paths of all other requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[bytes] = []
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def exported(self) -> bytes:
        """Return all spans, as they came and as text."""
        return b"\n".join(
            [*self.spans, *(str(ExportTraceServiceRequest.FromString(each)).encode() for each in self.spans)]
        )


class _Handler(BaseHTTPRequestHandler):
    server: Echo

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == TRACES:
            self.server.spans.append(body)
            self._answer(200, b"")
            return
        self.server.asked.append(self.path)
        said = [f"{name}: {value}" for name, value in self.headers.items()]
        self._answer(403, json.dumps({"errors": said, "message": said, "body": body.decode(errors="replace")}).encode())

    do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server calls

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return None


@contextmanager
def echoing() -> Iterator[Echo]:
    with Echo() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
