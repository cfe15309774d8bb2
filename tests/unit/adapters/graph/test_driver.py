import pytest
from neo4j.exceptions import ConfigurationError, Neo4jError, ServiceUnavailable
from pydantic import SecretStr

from workers.adapters.graph.driver import check_connection, explained, open_driver
from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, Unreachable

SETTINGS = Neo4jSettings(uri="bolt://db:7687", username="ada", password=SecretStr("hush"), database="graph")


def answer(code: str) -> Neo4jError:
    return Neo4jError._hydrate_neo4j(code=code, message="said the server")  # noqa: SLF001 - the driver offers no other way


@pytest.mark.parametrize(
    ("error", "kind", "fix"),
    [
        (answer("Neo.ClientError.Security.Unauthorized"), Misconfigured, "NEO4J_PASSWORD"),
        (answer("Neo.ClientError.Security.Forbidden"), Misconfigured, "NEO4J_USERNAME"),
        (answer("Neo.ClientError.Database.DatabaseNotFound"), Misconfigured, "NEO4J_DATABASE"),
        (ConfigurationError("no"), Misconfigured, "NEO4J_URI"),
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


async def test_a_server_out_of_reach_is_one_short_sentence() -> None:
    settings = SETTINGS.model_copy(update={"uri": "bolt://127.0.0.1:9"})
    async with open_driver(settings) as driver:
        with pytest.raises(Unreachable) as raised:
            await check_connection(driver, settings)
    assert "(Connect call failed ('127.0.0.1', 9))" in str(raised.value)
    assert len(str(raised.value)) < 160
