import asyncio
import json
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from workers.adapters.avro.schema_registry import SchemaRegistry, WriterDefinition
from workers.config.settings import SchemaRegistrySettings
from workers.core.errors import Retryable

GUID = UUID("4dc6ba0a-9c36-4ed0-8b6a-6a3b0f3a5a11")
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

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return None


@contextmanager
def serving(handler: type[NoRegistry] = NoRegistry) -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with serving() as server:
        yield server


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
    registry = SchemaRegistry(SchemaRegistrySettings(url=f"http://127.0.0.1:{server.server_port}"))
    try:
        for request in (
            registry.definition(1),
            registry.definition(GUID),
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
    registry = SchemaRegistry(SchemaRegistrySettings(url=f"http://127.0.0.1:{server.server_port}"))
    try:
        with pytest.raises(Retryable) as raised:
            await registry.definition(1)
    finally:
        await registry.aclose()
    assert str(raised.value) == (
        f"the schema registry at http://127.0.0.1:{server.server_port} does not answer (HTTP status 503): "
        "start it, or check SCHEMA_REGISTRY_URL"
    )


async def test_an_answer_of_another_server_is_not_remembered(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NoRegistry, "body", b"{}")
    registry = SchemaRegistry(SchemaRegistrySettings(url=f"http://127.0.0.1:{server.server_port}"))
    try:
        with pytest.raises(Retryable):
            await registry.definition(1)
        monkeypatch.setattr(NoRegistry, "body", b'{"schema": "\\"string\\""}')
        assert await registry.definition(1) == WriterDefinition("AVRO", ['"string"'])
    finally:
        await registry.aclose()


async def test_a_server_out_of_reach_is_one_sentence_with_the_variable() -> None:
    registry = SchemaRegistry(SchemaRegistrySettings(url="http://127.0.0.1:9"), timeout_seconds=1)
    try:
        with pytest.raises(
            Retryable,
            match=r"at http://127.0.0.1:9 does not answer .*: start it, or check SCHEMA_REGISTRY_URL",
        ):
            await registry.definition(1)
    finally:
        await registry.aclose()


NO_SCHEMA = b'{"error_code": 40403, "message": "no schema"}'


class WithoutGuids(NoRegistry):
    """A registry of ids alone: it has no path for GUIDs."""

    def do_GET(self) -> None:
        is_registry_s = self.path.startswith("/schemas/ids/")
        self.answer(404, NO_SCHEMA if is_registry_s else b"no such path")


async def test_a_registry_without_guids_knows_none_and_is_no_outage() -> None:
    with serving(WithoutGuids) as server:
        registry = SchemaRegistry(SchemaRegistrySettings(url=f"http://127.0.0.1:{server.server_port}"))
        try:
            assert await registry.definition(GUID) is None
        finally:
            await registry.aclose()


class WithGuids(NoRegistry):
    """A registry that answers for one GUID as Confluent's does."""

    def do_GET(self) -> None:
        known = self.path.startswith(f"/schemas/guids/{GUID}")
        self.answer(200 if known else 404, b'{"schema": "\\"string\\""}' if known else NO_SCHEMA)


async def test_the_schema_of_a_guid_is_fetched() -> None:
    with serving(WithGuids) as server:
        registry = SchemaRegistry(SchemaRegistrySettings(url=f"http://127.0.0.1:{server.server_port}"))
        try:
            assert await registry.definition(GUID) == WriterDefinition("AVRO", ['"string"'])
            assert await registry.definition(UUID(int=GUID.int + 1)) is None
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
        registry = SchemaRegistry(SchemaRegistrySettings(url=f"http://127.0.0.1:{server.server_port}"))
        try:
            assert await registry.definition(1) == WriterDefinition("AVRO", (), "money version 3")
        finally:
            await registry.aclose()
            server.shutdown()
            thread.join()


def reference(*versions: int) -> bytes:
    references = [{"name": "Part", "subject": "part", "version": each} for each in versions]
    return json.dumps({"schema": f'"refers to {versions}"', "references": references}).encode()


class Refers(NoRegistry):
    """Its schema 1 refers to versions of a subject, as ``versions`` says; these refer on."""

    versions: Mapping[int, tuple[int, ...]] = {}

    def do_GET(self) -> None:
        number = int(self.path.partition("?")[0].rpartition("/")[2])
        if "/ids/" in self.path:
            self.answer(200, reference(*self.versions[0]))
        else:
            self.answer(200, reference(*self.versions.get(number, (number + 1,))))


async def definition_of(versions: Mapping[int, tuple[int, ...]], monkeypatch: pytest.MonkeyPatch) -> WriterDefinition:
    monkeypatch.setattr(Refers, "versions", versions)
    with serving(Refers) as server:
        registry = SchemaRegistry(SchemaRegistrySettings(url=f"http://127.0.0.1:{server.server_port}"))
        try:
            found = await registry.definition(1)
        finally:
            await registry.aclose()
    assert found
    return found


async def test_what_several_schemas_refer_to_is_there_once_and_first(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = await definition_of({0: (1, 2), 1: (3,), 2: (3,), 3: ()}, monkeypatch)
    assert list(definition.texts) == [f'"refers to {each}"' for each in ((), (3,), (3,), (1, 2))]


async def test_schemas_that_refer_to_one_another_do_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refers to two that are there already: without the end, 2 to the power of the depth."""
    async with asyncio.timeout(20):
        definition = await definition_of({0: (1, 2), 1: (2, 1), 2: (1, 2)}, monkeypatch)
    assert len(definition.texts) == 3


async def test_a_schema_with_too_many_references_is_no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its records are dead letters: a producer that registers one must not stop a partition."""
    definition = await definition_of({0: (1,)}, monkeypatch)
    refused = "has more than 100 references: send records of a smaller one"
    assert definition == WriterDefinition("AVRO", (), refused=refused)


async def test_a_login_is_sent_as_its_file_has_it_now_and_a_refused_one_names_server_user_and_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(NoRegistry, "status", 401)
    seen: list[str] = []

    def refuse(self: NoRegistry) -> None:
        seen.append(self.headers["Authorization"])
        self.do_GET()

    monkeypatch.setattr(NoRegistry, "do_POST", refuse)
    monkeypatch.setenv("SCHEMA_REGISTRY_PASSWORD_FILE", str(tmp_path / "password"))
    with serving() as server:
        url = f"http://127.0.0.1:{server.server_port}"
        registry = SchemaRegistry(SchemaRegistrySettings(url=url, username="ada", password=SecretStr("at the start")))
        for password in ("first", "second"):
            (tmp_path / "password").write_text(password)
            with pytest.raises(Retryable) as raised:
                await registry.register("subject", {"type": "string"})
            assert str(raised.value) == (
                f"the schema registry at {url} does not accept user 'ada' with this password (HTTP status 401): set "
                "SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD (or SCHEMA_REGISTRY_PASSWORD_FILE)"
            )
        await registry.aclose()

    assert [b64decode(each.removeprefix("Basic ")).decode() for each in seen] == ["ada:first", "ada:second"]
