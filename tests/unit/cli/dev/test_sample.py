import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workers.cli.dev.sample import app
from workers.core.errors import Misconfigured, Unreachable

RUNNER = CliRunner()
NOWHERE = "postgresql://me:hush@127.0.0.1:9/registry"


@pytest.mark.parametrize("command", ["telemetry", "registry"])
def test_every_command_has_an_example(command: str) -> None:
    assert "Example:" in RUNNER.invoke(app, [command, "--help"]).stdout


def test_without_a_database_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_DATABASE_URL", raising=False)
    with pytest.raises(Misconfigured, match="--with cdc"):
        RUNNER.invoke(app, ["registry"], catch_exceptions=False)


def test_the_environment_names_the_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGISTRY_DATABASE_URL", NOWHERE)
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({"schema_id": "s", "version": "1.0.0", "json_schema": {}}))
    for options in ([], ["--count", "1"], ["--schema", str(file)]):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
            RUNNER.invoke(app, ["registry", *options], catch_exceptions=False)
