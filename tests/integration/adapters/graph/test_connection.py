import neo4j
import pytest
from pydantic import SecretStr

from workers.adapters.graph.driver import check_connection, open_driver
from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, Unreachable


async def test_a_server_that_answers_passes(driver: neo4j.AsyncDriver, settings: Neo4jSettings) -> None:
    await check_connection(driver, settings)


@pytest.mark.parametrize(
    ("change", "kind", "fix"),
    [
        # A separate user: too many wrong passwords would lock out the real one.
        ({"username": "nobody", "password": SecretStr("wrong-password")}, Misconfigured, "NEO4J_PASSWORD"),
        ({"database": "no-such-database"}, Misconfigured, "NEO4J_DATABASE"),
        ({"uri": "bolt://127.0.0.1:1"}, Unreachable, "NEO4J_URI"),
        ({"uri": "neo4j://127.0.0.1:1"}, Unreachable, "NEO4J_URI"),
    ],
)
async def test_what_is_wrong_is_told_with_the_setting_to_change(
    settings: Neo4jSettings, change: dict[str, object], kind: type[Exception], fix: str
) -> None:
    wrong = settings.model_copy(update=change)
    async with open_driver(wrong) as driver:
        with pytest.raises(kind, match=fix) as raised:
            await check_connection(driver, wrong)
    assert "wrong-password" not in str(raised.value)
