import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from workers.adapters.avro.schema_registry import SchemaRegistry, WriterDefinition
from workers.core.errors import Retryable

PAGE = b"<html>\n<body>\n" + b"<p>welcome</p>\n" * 100 + b"</body></html>"


class NoRegistry(BaseHTTPRequestHandler):
    """A server that is no schema registry: every answer is the same."""

    status = 200
    body = PAGE

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), NoRegistry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, PAGE),
        (200, b""),
        (200, b"[]"),
        (200, b"{}"),
        (200, b"null"),
        (200, b'"registry"'),
        (200, b'{"schema": 7, "id": "seven"}'),
        (200, b'{"schema": "\\"string\\"", "references": "none", "id": null}'),
        (302, b""),
        (401, PAGE),
        (404, PAGE),
        (404, b""),
        (404, b'{"error": "no such path"}'),
        (409, PAGE),
    ],
)
async def test_another_server_at_the_address_is_one_sentence_with_the_fix(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes
) -> None:
    monkeypatch.setattr(NoRegistry, "status", status)
    monkeypatch.setattr(NoRegistry, "body", body)
    registry = SchemaRegistry(f"http://127.0.0.1:{server.server_port}")
    try:
        for request in (
            registry.definition(1),
            registry.registered_id("subject", {"type": "string"}),
            registry.register("subject", {"type": "string"}),
        ):
            with pytest.raises(Retryable) as raised:
                await request
            sentence = str(raised.value)
            assert "SCHEMA_REGISTRY_URL answers, but not as a schema registry does" in sentence
            assert "\n" not in sentence
            assert len(sentence) < 400
    finally:
        await registry.aclose()


@pytest.mark.parametrize("body", [PAGE, b"", b"null"])
async def test_a_server_error_without_the_registrys_code_is_one_short_sentence(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(NoRegistry, "status", 503)
    monkeypatch.setattr(NoRegistry, "body", body)
    registry = SchemaRegistry(f"http://127.0.0.1:{server.server_port}")
    try:
        with pytest.raises(Retryable) as raised:
            await registry.definition(1)
    finally:
        await registry.aclose()
    assert str(raised.value) == (
        "the schema registry does not answer (HTTP status 503): start it, or check SCHEMA_REGISTRY_URL"
    )


async def test_an_answer_of_another_server_is_not_remembered(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NoRegistry, "body", b"{}")
    registry = SchemaRegistry(f"http://127.0.0.1:{server.server_port}")
    try:
        with pytest.raises(Retryable):
            await registry.definition(1)
        monkeypatch.setattr(NoRegistry, "body", b'{"schema": "\\"string\\""}')
        assert await registry.definition(1) == WriterDefinition("AVRO", ['"string"'])
    finally:
        await registry.aclose()


async def test_a_server_out_of_reach_is_one_sentence_with_the_variable() -> None:
    registry = SchemaRegistry("http://127.0.0.1:9", timeout_seconds=1)
    try:
        with pytest.raises(
            Retryable, match=r"the schema registry does not answer .*: start it, or check SCHEMA_REGISTRY_URL"
        ):
            await registry.definition(1)
    finally:
        await registry.aclose()


class LacksReference(NoRegistry):
    """A registry with a schema that refers to a subject that it does not have."""

    def do_GET(self) -> None:
        lacks = self.path.startswith("/subjects/")
        body = b'{"error_code": 40401, "message": "no subject"}' if lacks else REFERRING
        self.send_response(404 if lacks else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


REFERRING = b'{"schema": "\\"Money\\"", "references": [{"name": "Money", "subject": "money", "version": 3}]}'


async def test_a_missing_reference_is_no_outage() -> None:
    with HTTPServer(("127.0.0.1", 0), LacksReference) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        registry = SchemaRegistry(f"http://127.0.0.1:{server.server_port}")
        try:
            assert await registry.definition(1) == WriterDefinition("AVRO", (), "money version 3")
        finally:
            await registry.aclose()
            server.shutdown()
            thread.join()
