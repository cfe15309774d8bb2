import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from neo4j.exceptions import ConfigurationError, Neo4jError, ServiceUnavailable, UnsupportedServerProduct
from pydantic import SecretStr

from workers.adapters.graph.driver import CurrentCredentials, check_connection, explained, open_driver
from workers.config.settings import Neo4jSettings, NewNeo4jSettings
from workers.core.errors import Misconfigured, Unreachable

SETTINGS = Neo4jSettings(uri="bolt://db:7687", username="ada", password=SecretStr("hush"), database="graph")
NEW = NewNeo4jSettings(uri="bolt://new:7687")


def answer(code: str) -> Neo4jError:
    return Neo4jError._hydrate_neo4j(code=code, message="said the server")  # noqa: SLF001 - the driver offers no other way


@pytest.mark.parametrize(
    ("error", "kind", "fix"),
    [
        (answer("Neo.ClientError.Security.Unauthorized"), Misconfigured, "NEO4J_PASSWORD"),
        (answer("Neo.ClientError.Security.Forbidden"), Misconfigured, "NEO4J_USERNAME"),
        (answer("Neo.ClientError.Database.DatabaseNotFound"), Misconfigured, "NEO4J_DATABASE"),
        (answer("Neo.ClientError.Security.AuthenticationRateLimit"), Misconfigured, "stop what still uses the old one"),
        (answer("Neo.TransientError.General.DatabaseUnavailable"), Unreachable, "answers with an error"),
        (ConfigurationError("no"), Misconfigured, "NEO4J_URI"),
        (UnsupportedServerProduct("no common version"), Misconfigured, "Neo4j 5"),
        (ServiceUnavailable("refused"), Unreachable, "NEO4J_URI"),
        (ConnectionRefusedError("refused"), Unreachable, "stack up"),
    ],
)
def test_an_error_becomes_a_sentence_with_its_fix(error: Exception, kind: type[Exception], fix: str) -> None:
    with pytest.raises(kind) as raised, explained(SETTINGS):
        raise error

    assert fix in str(raised.value)
    assert "bolt://db:7687" in str(raised.value)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        answer("Neo.ClientError.Security.Unauthorized"),
        answer("Neo.ClientError.Database.DatabaseNotFound"),
        ServiceUnavailable("refused"),
    ],
)
def test_a_sentence_about_the_new_graph_names_its_own_variables(error: Exception) -> None:
    with pytest.raises((Misconfigured, Unreachable), match="set NEW_NEO4J_"), explained(NEW):
        raise error


async def test_each_graph_has_a_password_file_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("NEO4J_PASSWORD", "NEW_NEO4J_PASSWORD"):
        (tmp_path / variable).write_text(f"in-{variable}")
        monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / variable))
    for settings, password in ((SETTINGS, "in-NEO4J_PASSWORD"), (NEW, "in-NEW_NEO4J_PASSWORD")):
        assert (await CurrentCredentials(settings).get_auth()).credentials == password


def test_a_uri_that_the_driver_does_not_know_is_misconfigured() -> None:
    settings = SETTINGS.model_copy(update={"uri": "mailto:db"})
    with pytest.raises(Misconfigured, match="NEO4J_URI"):
        open_driver(settings)


@pytest.mark.parametrize(
    ("scheme", "encrypted"), [("bolt", False), ("neo4j", False), ("bolt+s", True), ("neo4j+ssc", True)]
)
async def test_the_scheme_decides_on_tls(scheme: str, encrypted: bool) -> None:  # noqa: FBT001 - a row of the table
    async with open_driver(SETTINGS.model_copy(update={"uri": f"{scheme}://db:7687"})) as driver:
        assert driver.encrypted is encrypted


@asynccontextmanager
async def server_that_answers(answer: bytes) -> AsyncIterator[int]:
    """Yield the port of a server that answers each connection with these bytes and closes it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def sentence(uri: str, kind: type[Exception]) -> str:
    settings = SETTINGS.model_copy(update={"uri": uri})
    async with open_driver(settings) as driver:
        with pytest.raises(kind) as raised:
            await check_connection(driver, settings)
    text = str(raised.value)
    assert text.startswith(f"Neo4j at {uri} ")
    assert "NEO4J_URI" in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
async def test_a_server_out_of_reach_is_one_short_sentence(scheme: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = await sentence(f"{scheme}://127.0.0.1:9", Unreachable)
    assert "(Connect call failed ('127.0.0.1', 9))" in text
    assert len(text) < 160
    assert capfd.readouterr().err == ""


async def test_a_name_that_does_not_exist_is_one_short_sentence() -> None:
    text = await sentence("bolt://no-such-host.invalid:7687", Unreachable)
    assert len(text) < 160


@pytest.mark.parametrize(
    ("scheme", "answer", "kind", "reason"),
    [
        ("bolt", b"HTTP/1.1 400 Bad Request\r\n\r\n", Unreachable, "an HTTP server answers on this port"),
        ("neo4j", b"HTTP/1.1 400 Bad Request\r\n\r\n", Unreachable, "an HTTP server answers on this port"),
        ("bolt", b"", Unreachable, "during the handshake; a server with TLS needs +s"),
        ("bolt", b"\0\0\0\0", Misconfigured, "use Neo4j 5"),
        ("neo4j", b"\0\0\0\0", Misconfigured, "use Neo4j 5"),
        ("bolt+s", b"HTTP/1.1 400 Bad Request\r\n\r\n", Misconfigured, "it does not speak TLS on this port"),
        ("neo4j+ssc", b"HTTP/1.1 400 Bad Request\r\n\r\n", Misconfigured, "does not speak TLS on this port"),
    ],
)
async def test_a_failed_handshake_is_one_sentence_with_its_reason(
    scheme: str, answer: bytes, kind: type[Exception], reason: str
) -> None:
    async with server_that_answers(answer) as port:
        assert reason in await sentence(f"{scheme}://127.0.0.1:{port}", kind)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (ConnectionResetError(), "(ConnectionResetError)"),
        (ServiceUnavailable("first line\nsecond line"), "(first line second line)"),
    ],
)
def test_the_reason_is_never_empty_and_has_one_line(cause: Exception, reason: str) -> None:
    error = ServiceUnavailable("cannot route")
    error.__cause__ = ExceptionGroup("all routers failed", [cause])
    with pytest.raises(Unreachable) as raised, explained(SETTINGS):
        raise error
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
