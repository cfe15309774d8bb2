import json

import pytest
from typer.testing import CliRunner

from workers.adapters.graph.migration import Migration
from workers.cli import graph

KEYS = Migration(version=1, name="keys", statements=("CREATE INDEX a",), checksum="c")


@pytest.fixture
def _one_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    async def one_migration(*, dry_run: bool) -> list[Migration]:
        del dry_run
        return [KEYS]

    monkeypatch.setattr(graph, "_migrate", one_migration)


def test_help_has_an_example() -> None:
    assert "Example: memory-graph graph migrate" in CliRunner().invoke(graph.app, ["migrate", "--help"]).stdout


@pytest.mark.usefixtures("_one_migration")
@pytest.mark.parametrize(("options", "word"), [([], "applied"), (["--dry-run"], "pending")])
def test_what_was_or_would_be_applied_is_printed(options: list[str], word: str) -> None:
    assert CliRunner().invoke(graph.app, ["migrate", *options]).stdout == f"{word} 0001_keys\n"
    printed = CliRunner().invoke(graph.app, ["migrate", *options, "--output", "json"]).stdout
    assert json.loads(printed) == {word: ["0001_keys"]}
