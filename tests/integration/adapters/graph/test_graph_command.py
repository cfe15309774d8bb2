"""``memory-graph graph migrate`` with a real server."""

import json

import pytest
from typer.testing import CliRunner

from workers.cli.graph import app
from workers.core.errors import Unreachable


def test_migrate_repeats_quietly_and_says_so() -> None:
    run = CliRunner()
    assert run.invoke(app, ["migrate"]).exit_code == 0

    again = run.invoke(app, ["migrate"])
    assert (again.exit_code, again.stdout) == (0, "nothing to do: every migration has been applied\n")


def test_programs_get_json() -> None:
    CliRunner().invoke(app, ["migrate"])

    assert json.loads(CliRunner().invoke(app, ["migrate", "-o", "json"]).stdout) == {"applied": []}
    assert json.loads(CliRunner().invoke(app, ["migrate", "--dry-run", "-o", "json"]).stdout) == {"pending": []}


def test_a_server_out_of_reach_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")

    with pytest.raises(Unreachable, match="NEO4J_URI"):
        CliRunner().invoke(app, ["migrate"], catch_exceptions=False)
