"""``memory-graph registry resnapshot`` where there is nothing to ask, and what it says of a plan."""

import json

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from workers.cli import registry
from workers.config.settings import RegistryDatabaseSettings
from workers.core.errors import Misconfigured
from workers.ops import resnapshot as operation


def run(*arguments: str) -> Result:
    return CliRunner().invoke(registry.app, ["resnapshot", *arguments])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    calls: list[tuple[object, ...]] = []

    def planned(_settings: object, tables: list[str]) -> dict[str, int]:
        return dict.fromkeys(tables or ["models", "schemas"], 3)

    def resnapshot(_settings: object, *call: object) -> str:
        calls.append(call)
        return "a-signal"

    monkeypatch.setattr(operation, "planned", planned)
    monkeypatch.setattr(operation, "resnapshot", resnapshot)
    return calls


def test_without_execute_it_shows_the_rows_and_asks_for_nothing(asked: list[tuple[object, ...]]) -> None:
    result = run()
    assert (result.exit_code, asked) == (0, [])
    assert "models" in result.stdout
    assert "Nothing was asked for" in result.stdout


def test_it_asks_for_the_tables_with_who_and_why(asked: list[tuple[object, ...]]) -> None:
    arguments = ("--table", "models", "--execute", "--why", "the graph was emptied", "--by", "ada", "-o", "json")
    result = run(*arguments)
    assert (result.exit_code, asked) == (0, [(["models"], "ada", "the graph was emptied")])
    assert json.loads(result.stdout) == {"executed": True, "rows": {"models": 3}, "signal_id": "a-signal"}


def test_without_a_reason_it_does_nothing(asked: list[tuple[object, ...]]) -> None:
    result = run("--execute", "--why", " ")
    assert isinstance(result.exception, Misconfigured)
    assert "--why" in str(result.exception)
    assert asked == []


def test_without_a_database_it_names_the_variable() -> None:
    with pytest.raises(Misconfigured, match="REGISTRY_DATABASE_URL is not set"):
        operation.planned(RegistryDatabaseSettings())


def test_a_table_that_it_does_not_have_is_wrong_usage() -> None:
    database = RegistryDatabaseSettings(url=SecretStr("postgresql://nobody@127.0.0.1:9/registry"))
    with pytest.raises(Misconfigured, match="--table users: name one of models"):
        operation.planned(database, ["users"])
