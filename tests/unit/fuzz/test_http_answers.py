"""Answers of servers: a good one is used, any other one is an error that says what to do next."""

import asyncio
import json
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.unit.fuzz.mutations import FUZZ, MARK, in_time, mutated
from tests.unit.fuzz.server import AnyBytes, any_bytes
from workers.adapters.avro.schema_registry import SchemaRegistry, WriterDefinition
from workers.adapters.kafka_connect.status import connector_status, is_running
from workers.adapters.registry_api.client import RegistryApi
from workers.adapters.vault.transit import Transit
from workers.config.settings import KafkaConnectSettings, RegistryApiSettings, SchemaRegistrySettings, VaultSettings
from workers.core.errors import Misconfigured, RequestRejected, Retryable, Unreachable
from workers.ops.doctor.connector_checks import check_connector

TOKEN = f"{MARK}token"
LONGEST_SENTENCE = 1_000
NUMBERS = count(1)


def answer(status: str, *documents: object) -> list[bytes]:
    bodies = [json.dumps(each).encode() for each in documents]
    return [
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(each)}\r\n\r\n".encode() + each
        for each in bodies
    ]


SCHEMA = {
    "schema": '{"type": "string"}',
    "schemaType": "AVRO",
    "references": [{"name": "a", "subject": "a", "version": 1}],
}
REGISTRY = mutated(
    [
        *answer("200 OK", SCHEMA, {"id": 1}, {"subject": "s", "version": 1, **SCHEMA, "id": 1}),
        *answer("404 Not Found", {"error_code": 40403, "message": TOKEN}),
        *answer("409 Conflict", {"error_code": 409, "message": "no"}),
        *answer("500 Internal", {"error_code": 50001}),
    ]
)
API = mutated(
    [
        *answer("200 OK", {"json_schema": {"type": "object"}}, {}),
        *answer("401 Unauthorized", {"who": TOKEN}),
        *answer("429 Too Many", {}),
        b"HTTP/1.1 503 Away\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    ]
)
CONNECT = mutated(
    answer("200 OK", {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED", "trace": "x"}]})
)
VAULT = mutated(
    [
        *answer(
            "200 OK",
            {"data": {"signature": "vault:v1:AA=="}},
            {"data": {"type": "ed25519", "keys": {"1": {"public_key": "AA"}}}},
        ),
        *answer(
            "200 OK",
            {"data": {"ttl": 9, "renewable": True}},
            {"auth": {"client_token": "t", "lease_duration": 9, "renewable": True}},
        ),
        *answer("403 Forbidden", {"errors": ["permission denied"]}),
    ]
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyBytes]:
    """A server without TLS; the authorities of this machine, which a client reads each time, are left out."""
    with any_bytes() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no-authorities")))
        yield server


def check(error: Exception) -> None:
    sentence = str(error)
    assert TOKEN not in sentence
    assert len(sentence) < LONGEST_SENTENCE
    assert "\n" not in sentence


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of httpx2's event loop, anyio
@FUZZ
@given(raw=REGISTRY)
def test_answers_of_the_schema_registry(server: AnyBytes, raw: bytes) -> None:
    async def ask() -> None:
        settings = SchemaRegistrySettings(url=server.url, username="u", password=SecretStr(TOKEN))
        registry = SchemaRegistry(settings)
        try:
            found = await registry.definition(next(NUMBERS))
            assert found is None or isinstance(found, WriterDefinition)
            schema_id = await registry.registered_id("subject", {"type": "string"})
            assert schema_id is None or isinstance(schema_id, int)
        except (Retryable, Misconfigured) as error:
            check(error)
        finally:
            await registry.aclose()

    server.answer = raw
    with in_time():
        asyncio.run(ask())


@FUZZ
@given(raw=API)
def test_answers_of_the_registry_s_api(server: AnyBytes, raw: bytes) -> None:
    async def ask() -> None:
        async with RegistryApi(RegistryApiSettings(url=server.url, token=SecretStr(TOKEN))) as api:
            try:
                assert isinstance(await api.get("/schemas/s"), dict)
                await api.call("POST", "/usage", {}, "key")
            except (Retryable, RequestRejected) as error:
                check(error)

    server.answer = raw
    with in_time():
        asyncio.run(ask())


@FUZZ
@given(raw=CONNECT)
def test_answers_of_kafka_connect(server: AnyBytes, raw: bytes) -> None:
    server.answer, settings = raw, KafkaConnectSettings(url=server.url)
    with in_time():
        try:
            assert is_running(connector_status(settings, "registry")) in (True, False)
        except (Unreachable, Misconfigured) as error:
            check(error)
        (finding,) = check_connector(settings)
    assert finding.message


@FUZZ
@given(raw=VAULT, reads=st.booleans())
def test_answers_of_the_vault(server: AnyBytes, raw: bytes, *, reads: bool) -> None:
    server.answer = raw
    transit = Transit(VaultSettings(addr=server.url, token=SecretStr(TOKEN)))
    with in_time():
        try:
            assert transit.public_keys("key") if reads else transit.sign("key", b"payload")
        except (Unreachable, Misconfigured) as error:
            check(error)
