import json
from typing import Any

import pytest
from typer.testing import CliRunner

from workers.cli import dlq, dlq_release
from workers.core.errors import Misconfigured
from workers.ops.dead_letters.release import ParkedKey

KEY = ParkedKey("registry/changes/2/%00gpt", "changes", 2, "%00gpt", [7, 9, 12], "2026-01-31T08:00:00Z")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    questions: list[tuple[Any, ...]] = []

    async def released(topic: str | None, key: str | None, who: Any, *, only_first: bool) -> list[ParkedKey]:
        questions.append((topic, key, who.why if who else None, only_first))
        return [KEY]

    monkeypatch.setattr(dlq_release, "_released", released)
    return questions


def run(*options: str) -> str:
    result = CliRunner().invoke(dlq.app, ["release", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_parked_keys_are_shown_and_nothing_is_released_without_execute(asked: list[tuple[Any, ...]]) -> None:
    shown = run("--topic", "changes")
    assert "%00gpt" in shown
    assert "Nothing was released" in shown
    assert asked == [("changes", None, None, False)]


def test_a_key_is_released_with_a_reason(asked: list[tuple[Any, ...]]) -> None:
    options = ("%00gpt", "--topic", "changes", "--first", "--execute", "--why", "corrected by hand", "-o", "json")
    assert json.loads(run(*options)) == {"executed": True, "keys": [KEY._asdict()]}
    assert asked == [("changes", "%00gpt", "corrected by hand", True)]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--topic", "changes", "--execute", "--why", "all"], "KEY or --topic is missing"),
        (["gpt", "--execute", "--why", "all"], "KEY or --topic is missing"),
        (["gpt", "--topic", "changes", "--execute"], "--why is missing"),
    ],
)
def test_only_one_named_key_is_released_and_only_with_a_reason(options: list[str], problem: str) -> None:
    result = CliRunner().invoke(dlq.app, ["release", *options])
    assert isinstance(result.exception, Misconfigured)
    assert problem in str(result.exception)
