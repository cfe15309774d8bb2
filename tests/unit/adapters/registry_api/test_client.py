"""The client against a server that fails in every way there is."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from tests.registry_api_server import DROP, SILENCE, RegistryApiServer
from tests.unit.fuzz.server import any_bytes
from workers.adapters.registry_api.client import RegistryApi
from workers.config.settings import RegistryApiSettings
from workers.core.errors import RequestRejected, Retryable

PATH = "/api/v1/registry/models/openai%2Fgpt%204%3F/usage-stats"
TOKEN = "letmein-0123"


@pytest.fixture
async def server() -> AsyncIterator[RegistryApiServer]:
    async with RegistryApiServer() as server:
        yield server


@pytest.fixture
async def api(server: RegistryApiServer) -> AsyncIterator[RegistryApi]:
    async with RegistryApi(RegistryApiSettings(url=server.url, token=SecretStr(TOKEN))) as api:
        yield api


async def test_a_call_arrives_with_path_body_token_and_key(server: RegistryApiServer, api: RegistryApi) -> None:
    await api.call("POST", PATH, {"metrics": {"total": 3}}, "key-1")
    ((method, path, headers),) = server.received
    assert (method, path) == ("POST", PATH)
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Content-Type"] == "application/json"
    assert server.accepted == {"key-1": (PATH, {"metrics": {"total": 3}})}


async def test_without_a_token_none_is_sent(server: RegistryApiServer) -> None:
    async with RegistryApi(RegistryApiSettings(url=server.url)) as api:
        await api.call("POST", PATH, {}, "key")
    assert "Authorization" not in server.received[0][2]


@pytest.mark.parametrize("status", [DROP, 429, 500, 503])
async def test_away_or_busy_it_may_be_tried_again(server: RegistryApiServer, api: RegistryApi, status: int) -> None:
    server.answers, server.headers = [status], {"Retry-After": "3"}
    with pytest.raises(Retryable) as caught:
        await api.call("POST", PATH, {}, "key")
    assert caught.value.after_seconds == (0 if status == DROP else 3)
    await api.call("POST", PATH, {}, "key")
    assert server.times == {"key": 1}


async def test_nobody_there_and_no_answer_in_time_are_the_same(server: RegistryApiServer) -> None:
    async with RegistryApi(RegistryApiSettings(url="http://127.0.0.1:9")) as nobody:
        with pytest.raises(Retryable, match="REGISTRY_API_URL"):
            await nobody.call("POST", PATH, {}, "key")
    server.answer = SILENCE
    async with RegistryApi(RegistryApiSettings(url=server.url), timeout_seconds=0.05) as slow:
        with pytest.raises(Retryable, match="REGISTRY_API_URL"):
            await slow.call("POST", PATH, {}, "key")


async def test_a_refusal_names_what_and_why_but_never_the_token(server: RegistryApiServer, api: RegistryApi) -> None:
    server.answer, server.text = 401, f"who is {TOKEN}?"
    with pytest.raises(RequestRejected, match=f"POST {PATH} with 401: set REGISTRY_API_TOKEN") as caught:
        await api.call("POST", PATH, {}, "key")
    assert TOKEN not in str(caught.value)


async def test_a_redirect_takes_the_token_nowhere(server: RegistryApiServer, api: RegistryApi) -> None:
    server.answer, server.headers = 307, {"Location": "/elsewhere"}
    with pytest.raises(RequestRejected, match="where it is now"):
        await api.call("POST", PATH, {}, "key")
    assert len(server.received) == 1


async def test_a_schema_is_fetched_by_its_quoted_names(server: RegistryApiServer, api: RegistryApi) -> None:
    server.text = '{"json_schema": {"type": "object"}}'
    assert await api.get("/api/v1/registry/schemas/tool%2Fv1/versions/1.0%20b") == {"json_schema": {"type": "object"}}
    assert server.received[0][:2] == ("GET", "/api/v1/registry/schemas/tool%2Fv1/versions/1.0%20b")


@pytest.mark.parametrize("text", ["", "<html>", "[]"])
async def test_an_answer_that_is_no_schema_is_a_refusal(server: RegistryApiServer, api: RegistryApi, text: str) -> None:
    server.text = text
    with pytest.raises(RequestRejected, match="no JSON object"):
        await api.get("/api/v1/registry/schemas/s/versions/1")


async def test_an_answer_that_is_no_http_is_shown_without_the_token_that_it_repeats() -> None:
    with any_bytes() as server:
        server.answer = b'HTTP/1.1 401 No\r\nContent-L\0\n{"who": "%s"}' % TOKEN.encode()
        async with RegistryApi(RegistryApiSettings(url=server.url, token=SecretStr(TOKEN))) as api:
            with pytest.raises(Retryable, match="does not answer") as caught:
                await api.get(PATH)
    assert TOKEN not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
