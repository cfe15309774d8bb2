import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workers.cli.dev.stack import app
from workers.core.errors import Misconfigured, ProblemsFound, Unreachable
from workers.dev.stack.process import ProcessIdentity
from workers.dev.stack.state import ServerState, StackState

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEMORY_GRAPH_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def crashed(home: Path) -> StackState:
    kafka = ServerState(
        environment={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, process=ProcessIdentity(pid=1, started="another boot/1")
    )
    state = StackState(name="dev", folder=home / "dev", servers={"kafka": kafka})
    state.save()
    (home / "dev" / "kafka").mkdir()
    (home / "dev" / "kafka" / "log").write_text("first\nNo space left on device\n")
    return state


def test_env_prints_lines_for_a_shell(home: Path) -> None:
    settings = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_PASSWORD": "it's $HOME"}
    servers = {"kafka": ServerState(environment=settings, external=True)}
    StackState(name="dev", folder=home / "dev", servers=servers).save()
    lines = RUNNER.invoke(app, ["env"], catch_exceptions=False).stdout.splitlines()
    assert lines == [
        "export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1",
        """export KAFKA_PASSWORD='it'"'"'s $HOME'""",
    ]
    assert json.loads(RUNNER.invoke(app, ["env", "-o", "json"]).stdout) == settings


def test_env_of_a_stopped_stack_says_how_to_start_it(home: Path) -> None:
    StackState(name="other", folder=home / "other", servers={"kafka": ServerState()}).save()
    with pytest.raises(Unreachable, match="memory-graph stack up --name other"):
        RUNNER.invoke(app, ["env", "--name", "other"], catch_exceptions=False)


each_command_of_an_existing_stack = pytest.mark.parametrize("command", ["status", "down", "env", "logs kafka", "reset"])


@each_command_of_an_existing_stack
def test_an_unknown_stack_is_an_error_that_names_the_known_ones(command: str, home: Path) -> None:
    for name in ("dev", "other"):
        StackState(name=name, folder=home / name).save()
    before = sorted(home.rglob("*"))
    with pytest.raises(ProblemsFound, match=r"^there is no stack 'typo': choose from dev, other\.$"):
        RUNNER.invoke(app, [*command.split(), "--name", "typo"], catch_exceptions=False)
    assert sorted(home.rglob("*")) == before


@each_command_of_an_existing_stack
def test_without_any_stack_the_error_says_how_to_start_one(command: str) -> None:
    with pytest.raises(ProblemsFound, match=r"^there is no stack 'dev' .* memory-graph stack up starts one\.$"):
        RUNNER.invoke(app, command.split(), catch_exceptions=False)


def test_status_reports_a_crash_with_the_end_of_the_log(crashed: StackState) -> None:
    with pytest.raises(ProblemsFound, match="No space left on device"):
        RUNNER.invoke(app, ["status"], catch_exceptions=False)
    printed = json.loads(RUNNER.invoke(app, ["status", "-o", "json"]).stdout)
    assert printed["name"] == crashed.name
    assert [(row["server"], row["state"]) for row in printed["servers"]] == [("kafka", "crashed")]


def test_logs_prints_the_last_lines(crashed: StackState) -> None:
    result = RUNNER.invoke(app, ["logs", "kafka", "--name", crashed.name, "--lines", "1"], catch_exceptions=False)
    assert result.stdout == "No space left on device\n"


def test_logs_of_an_unknown_server_names_the_known_ones(crashed: StackState) -> None:
    with pytest.raises(Misconfigured, match="choose from kafka"):
        RUNNER.invoke(app, ["logs", "kafak", "--name", crashed.name], catch_exceptions=False)


def test_an_unknown_extra_is_rejected_before_anything_starts(home: Path) -> None:
    with pytest.raises(Misconfigured, match="--with kdc"):
        RUNNER.invoke(app, ["up", "--with", "vault,kdc"], catch_exceptions=False)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("command", ["up", "down", "status", "env", "logs", "reset"])
def test_every_command_has_an_example(command: str) -> None:
    assert "Example:" in RUNNER.invoke(app, [command, "--help"]).stdout
