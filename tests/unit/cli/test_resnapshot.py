"""``memory-graph registry resnapshot`` where there is nothing to ask, and what it says of a plan."""

import json

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from workers.cli import registry
from workers.config.settings import RegistryDatabaseSettings
from workers.core.errors import Misconfigured
from workers.ops import lost_deletions
from workers.ops import resnapshot as operation
from workers.ops.lost_deletions import Lost
from workers.pipelines.registry.events import CapabilityDeleted, ModelDeleted, Position


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
    assert json.loads(result.stdout) == {
        "executed": True,
        "rows": {"models": 3},
        "deletions": [],
        "signal_id": "a-signal",
    }


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    sent: list[object] = []

    async def found(_settings: object, _tables: object) -> Lost:
        return Lost([ModelDeleted("gpt-4"), CapabilityDeleted("gpt-5", "chat")], Position(7, 1_000))

    async def send(_settings: object, _topology: object, lost: Lost, about: dict[str, str]) -> None:
        sent.append((lost.rows, about))

    monkeypatch.setattr(lost_deletions, "lost_deletions", found)
    monkeypatch.setattr(lost_deletions, "send", send)
    return sent


@pytest.mark.usefixtures("asked")
def test_deletions_are_shown_and_sent_only_with_execute(deleted: list[object]) -> None:
    result = run("--deletions")
    assert (result.exit_code, deleted) == (0, [])
    assert "gpt-4" in result.stdout
    assert run("--deletions", "--execute", "--why", "a replica took over", "--by", "ada").exit_code == 0
    rows = [ModelDeleted("gpt-4"), CapabilityDeleted("gpt-5", "chat")]
    assert deleted == [(rows, {"by": "ada", "why": "a replica took over"})]


@pytest.mark.usefixtures("asked")
def test_without_the_option_no_deletion_is_looked_for(deleted: list[object]) -> None:
    assert run("--execute", "--why", "the graph was emptied").exit_code == 0
    assert deleted == []


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
